"""As test_socketio_limit_table.py: the limits where time decides. All packets of a client are sent
in one write, so that the server reads them at the same time.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.engineio import (
    SESSIONS,
    PollingSession,
    Session,
    WebSocketSession,
    event_packet,
    waiting_poll,
)
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_counts
from support.waiting import eventually
from support.websocket_frames import TEXT, frame

StartServer = Callable[..., ServerProcess]
on_both = pytest.mark.parametrize("transport", SESSIONS)


async def send_together(session: Session, packets: list[str]) -> None:
    if isinstance(session, WebSocketSession):
        frames = b"".join(frame(TEXT, packet.encode()) for packet in packets)
        session.websocket.transport.write(frames)
    else:
        await session.send(*packets)


# --- rates: a second's worth may come at once; what comes behind it waits ---


async def burst(session: Session, packets: list[str]) -> None:
    """CONNECT, and events that ask for acknowledgements: all are answered."""
    await send_together(session, packets)
    assert str(await session.next_message()).startswith("40{")
    for number, _ in enumerate(packets[1:]):
        assert await session.next_message() == f"43{number}[]"


@on_both
@pytest.mark.parametrize(("count", "throttled"), [(4, 0), (5, 1)])
async def test_packets_per_second(
    count: int, throttled: int, transport: str, start_server: StartServer
) -> None:
    """The fifth takes the last of the second's packets."""
    server = start_server("native:application", "--socketio-max-packet-rate", "5", cwd=APPS)
    async with SESSIONS[transport](server.url) as session:
        packets = [event_packet("quiet", ack=number) for number in range(count - 1)]
        await burst(session, ["40", *packets])
        assert read_counts(server)["sessions_throttled"] == throttled
        assert await session.call("reply", 1) == [1]


@on_both
@pytest.mark.parametrize(("count", "throttled"), [(499, 0), (500, 1)])
async def test_bytes_per_second(
    count: int, throttled: int, transport: str, start_server: StartServer
) -> None:
    server = start_server("native:application", "--socketio-max-byte-rate", "500", cwd=APPS)
    async with SESSIONS[transport](server.url) as session:
        empty = event_packet("quiet", "", ack=0)
        padding = "x" * (count - len("40") - len(empty))
        await burst(session, ["40", event_packet("quiet", padding, ack=0)])
        assert read_counts(server)["sessions_throttled"] == throttled
        assert await session.call("reply", 1) == [1]


# --- events that are read ahead for an acknowledgement: each counts as at least 256 bytes ---


@on_both
@pytest.mark.parametrize(("events", "answer"), [(4, "yes"), (5, "none")])
async def test_reading_ahead(
    events: int, answer: str, transport: str, start_server: StartServer
) -> None:
    """The handler of "ask" runs. One more event may be in flight, three more are read ahead, and
    then the acknowledgement is read.
    """
    server = start_server(
        "asking:application",
        *("--socketio-max-in-flight", "1", "--socketio-max-read-ahead", str(3 * 256)),
        *("--socketio-ping-timeout", "1"),
        cwd=APPS,
    )
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace("/asking", auth={"key": "ahead"})
        await session.emit("ask", namespace="/asking")
        assert await session.next_message() == '42/asking,0["question"]'
        numbers = [event_packet("number", n, namespace="/asking") for n in range(events)]
        sending = asyncio.create_task(send_together(session, [*numbers, '43/asking,0["yes"]']))
        assert await session.next_event("/asking") == ["answered", answer]
        await sending
        assert read_counts(server)["acks_unread"] == int(answer == "none")
        assert await session.call("numbers", namespace="/asking") == [list(range(events))]


# --- recovery ---


class Away:
    """A client of the namespace /desk that loses its connection."""

    def __init__(self, server: ServerProcess, transport: str) -> None:
        self.server = server
        self.transport = transport
        self.key = str(uuid.uuid4())
        self.pid = ""

    async def _connect(self, session: Session, **auth: Any) -> str:
        payload = json.dumps({"key": self.key, "join": ["room"], **auth})
        await session.send(f"40/desk,{payload}")
        answer = str(await session.next_message()).removeprefix("40/desk,")
        return str(json.loads(answer)["pid"])

    async def lose(self) -> None:
        session = SESSIONS[self.transport](self.server.url)
        await session.open()
        self.pid = await self._connect(session)
        if isinstance(session, PollingSession):
            poll = await waiting_poll(session, "/desk")
            poll.socket.close()
        await session.abandon()
        await asyncio.to_thread(disconnects, self.server, self.key)

    async def comes_back(self) -> bool:
        """Whether it is recovered."""
        async with SESSIONS[self.transport](self.server.url) as session:
            return await self._connect(session, pid=self.pid) == self.pid


def publish(server: ServerProcess, text: str) -> None:
    order = json.dumps({"to": "room", "events": [["said", text]]})
    httpx.get(f"{server.url}/publish", params={"order": order}, timeout=60).raise_for_status()


async def overhead(server: ServerProcess) -> int:
    """What an event with an empty text costs: its packet, and 64 bytes."""
    async with WebSocketSession(server.url) as session:
        await session.send('40/desk,{"join":["room"]}')
        await session.next_message()
        await asyncio.to_thread(publish, server, "")
        cost = len(str(await session.next_message())) + 64
        await session.send("41/desk", "1")  # it does not want to be recovered
        await session.websocket.wait_closed()
        return cost


def recovering(start_server: StartServer, *options: str) -> ServerProcess:
    return start_server("recovering:application", "--socketio-recovery", "60", *options, cwd=APPS)


@on_both
@pytest.mark.parametrize(("extra", "recovered"), [(0, True), (1, False)])
@pytest.mark.parametrize("option", ["recovery-buffer", "recovery-max-bytes"])
async def test_bytes_kept_for_a_client(
    option: str, extra: int, recovered: bool, transport: str, start_server: StartServer
) -> None:
    server = recovering(start_server, f"--socketio-{option}", "1000")
    length = 1000 - await overhead(server) + extra
    client = Away(server, transport)
    await client.lose()
    await asyncio.to_thread(publish, server, "x" * length)
    lost = 0 if recovered else 1
    await asyncio.to_thread(eventually, lambda: read_counts(server)["recoveries_lost"] == lost)
    assert await client.comes_back() == recovered


@on_both
async def test_disconnected_clients_that_may_recover(
    transport: str, start_server: StartServer
) -> None:
    server = recovering(start_server, "--socketio-recovery-max-clients", "2")
    clients = [Away(server, transport) for _ in range(3)]
    for client in clients[:2]:
        await client.lose()
    assert read_counts(server)["recoveries_lost"] == 0
    await clients[2].lose()
    assert read_counts(server)["recoveries_lost"] == 1
    # Each is away again afterwards.
    assert [await client.comes_back() for client in reversed(clients)] == [True, True, False]


@on_both
async def test_the_time_for_recovery(transport: str, start_server: StartServer) -> None:
    server = start_server("recovering:application", "--socketio-recovery", "0.6", cwd=APPS)
    client = Away(server, transport)
    await client.lose()
    await asyncio.to_thread(eventually, lambda: read_counts(server)["recoverable_sockets"] == 0)
    assert not await client.comes_back()
