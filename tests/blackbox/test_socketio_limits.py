"""Limits of Socket.IO: the response to the client, the log line and the counter, and that other
clients are not affected.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession, SessionEnded, WebSocketSession, event_packet
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_counts, read_present
from support.waiting import eventually

Start = Callable[..., ServerProcess]


@contextlib.asynccontextmanager
async def bystander(server: ServerProcess) -> AsyncIterator[None]:
    """Another client that sends events all the time and must not be affected."""
    done = asyncio.Event()

    async def talk() -> None:
        async with WebSocketSession(server.url) as other:
            await other.join_namespace()
            while True:
                assert await other.call("reply", "still here") == ["still here"]
                if done.is_set():
                    return
                await asyncio.sleep(0.02)

    talking = asyncio.create_task(talk())
    try:
        yield
    finally:
        done.set()
        await talking


def warnings(server: ServerProcess, option: str) -> int:
    """The number of episodes; the line for the end of an episode may also be in the log."""
    return server.log.count(f"({option}); the first is ")


async def ended(session: PollingSession | WebSocketSession) -> None:
    """Waits until the server has closed the session."""
    with contextlib.suppress(SessionEnded):
        while True:
            if await session.next_message() == "1":
                return


async def test_current_numbers_are_counted(start_server: Start) -> None:
    server, room = start_server("native:application", cwd=APPS), "a room"
    assert {name for name, count in read_counts(server).items() if count} == {"namespaces"}
    before = read_present(server)
    async with WebSocketSession(server.url) as first, PollingSession(server.url) as second:
        await first.join_namespace(auth={"join": [room, room + "2"]})
        await first.join_namespace("/chat")
        await second.join_namespace(auth={"join": [room]})
        counts = await asyncio.to_thread(read_present, server)
        assert counts == {**before, "sessions": 2, "polling_sessions": 1, "sockets": 3, "rooms": 2}
        await second.send("1")
    await asyncio.to_thread(eventually, lambda: read_present(server) == before)


@pytest.mark.parametrize("transport", SESSIONS)
async def test_messages_and_bytes_are_counted(start_server: Start, transport: str) -> None:
    server = start_server("native:application", cwd=APPS)
    before = read_counts(server)
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace()
        question = event_packet("reply", "x" * 100, ack=7)
        assert await session.call("reply", "x" * 100, ack=7) == ["x" * 100]
        counts = await asyncio.to_thread(read_counts, server)
        received = len("0") + len(question.removeprefix("4"))
        sent = len('0{"sid":"bbbbbbbbbbbbbbbbbbbb"}') + len('37["' + "x" * 100 + '"]')
        passed = {name: counts[name] - before[name] for name in counts if counts[name]}
        assert passed["packets_in"] == passed["packets_out"] == 2
        # Without Engine.IO's packet types.
        assert passed["bytes_in"] == received
        assert passed["bytes_out"] == sent
        assert passed["sessions_opened"] == 1
        assert "sessions_closed" not in passed
        await session.send("1")
    await asyncio.to_thread(eventually, lambda: read_counts(server)["sessions_closed"] == 1)


BROKEN = {
    "attachments_too_many": ('4511-["x"]', "--socketio-max-attachments"),
    "json_too_deep": ('42["x",' + "[" * 64 + "]" * 64 + "]", "--socketio-max-depth"),
    "values_too_many": ('42["x"' + ",{}" * 300_000 + "]", "--socketio-max-payload"),
    "event_names_too_long": (event_packet("x" * 1025), "--socketio-max-event-name"),
}


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_packet_above_a_limit_closes_its_session(
    transport: str, start_server: Start
) -> None:
    server = start_server("native:application", cwd=APPS)
    async with bystander(server):
        for counter, (packet, option) in BROKEN.items():
            for _ in range(2):
                async with SESSIONS[transport](server.url) as session:
                    await session.join_namespace()
                    with contextlib.suppress(SessionEnded):
                        await session.send(packet)
                    await ended(session)
            assert (await asyncio.to_thread(read_counts, server))[counter] == 2
            assert warnings(server, option) == 1


async def test_a_websocket_message_above_the_limit_is_refused(start_server: Start) -> None:
    server = start_server("native:application", "--socketio-max-payload", "1000", cwd=APPS)
    key = str(uuid.uuid4())
    async with bystander(server), WebSocketSession(server.url) as session:
        await session.join_namespace(auth={"key": key})
        await session.emit("quiet", "x" * 1000)
        with pytest.raises(SessionEnded, match=r"1009 \(message too big\) message too big"):
            await session.next_message()
        gone = await asyncio.to_thread(disconnects, server, key)
        assert gone == [["engineio_payload_too_large", "transport error", []]]
    assert (await asyncio.to_thread(read_counts, server))["messages_too_large"] == 1
    assert warnings(server, "--socketio-max-payload") == 1


async def test_a_polling_request_above_the_limit_is_refused_and_the_session_stays_open(
    start_server: Start,
) -> None:
    server = start_server("native:application", "--socketio-max-payload", "1000", cwd=APPS)
    async with bystander(server), PollingSession(server.url) as session:
        await session.join_namespace()
        assert (await session.post(event_packet("quiet", "x" * 1000))).status_code == 413
        assert await session.call("reply", 1) == [1]
    assert (await asyncio.to_thread(read_counts, server))["messages_too_large"] == 1
    assert warnings(server, "--socketio-max-payload") == 1


def handshake(server: ServerProcess, **headers: str) -> httpx.Response:
    url = f"{server.url}/socket.io/?EIO=4&transport=polling"
    return httpx.get(url, headers=headers, timeout=60)


@pytest.mark.parametrize("transport", SESSIONS)
async def test_the_total_of_sessions(transport: str, start_server: Start) -> None:
    server = start_server("native:application", "--socketio-max-sessions", "2", cwd=APPS)
    async with WebSocketSession(server.url) as held:
        await held.join_namespace()
        session = SESSIONS[transport](server.url)
        await session.open()
        refused = await asyncio.to_thread(handshake, server)
        assert refused.status_code == 503
        assert refused.json() == {"message": "Too many sessions"}
        assert refused.headers["retry-after"] == "1"
        with pytest.raises(Exception, match="503"):
            await WebSocketSession(server.url).open()
        assert await held.call("reply", 1) == [1]
        counts = await asyncio.to_thread(read_counts, server)
        assert (counts["sessions"], counts["sessions_refused"]) == (2, 2)
        assert warnings(server, "--socketio-max-sessions") == 1
        if transport == "polling":
            await session.send("1")
        await session.abandon()
        await asyncio.to_thread(eventually, lambda: handshake(server).status_code == 200)


def test_sessions_of_one_address(start_server: Start) -> None:
    """Behind a trusted proxy, which connects for many clients."""
    server = start_server(
        "native:application",
        *("--socketio-max-sessions-per-address", "2", "--proxy-headers"),
        cwd=APPS,
    )

    def status(address: str) -> int:
        return handshake(server, **{"x-forwarded-for": address}).status_code

    assert [status("192.0.2.1") for _ in range(3)] == [200, 200, 429]
    assert status("192.0.2.2") == 200
    network = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]
    assert [status(address) for address in network] == [200, 200, 429, 200]
    assert [handshake(server).status_code for _ in range(4)] == [200] * 4
    assert read_counts(server)["address_sessions_refused"] == 2
    assert warnings(server, "--socketio-max-sessions-per-address") == 1


async def poll_until(done: asyncio.Task[None], session: PollingSession) -> None:
    """Keeps a GET waiting, like real clients: otherwise it would count as disconnected."""
    while not done.done():
        assert set(await session.poll()) == {"2"}


@pytest.mark.parametrize("transport", SESSIONS)
@pytest.mark.parametrize("option", ["packet", "byte"])
async def test_a_client_above_its_rate_is_throttled(
    transport: str, option: str, start_server: Start
) -> None:
    """No event is lost, and the heartbeat, which is much shorter, does not expire."""
    amount, seconds = 200, 4
    packets = [event_packet("number", number) for number in range(amount)]
    allowed = amount if option == "packet" else sum(map(len, packets))
    server = start_server(
        "native:application",
        *(f"--socketio-max-{option}-rate", str(allowed // (seconds + 1))),
        *("--socketio-ping-interval", "0.5", "--socketio-ping-timeout", "0.5"),
        cwd=APPS,
    )
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace()
        async with bystander(server):
            started = time.monotonic()
            sending = asyncio.create_task(session.send(*packets))
            if isinstance(session, PollingSession):
                polling = asyncio.create_task(poll_until(sending, session))
                assert not (await asyncio.wait([sending], timeout=1))[0], "the answer is late"
                await sending
                await session.send("3")
                await polling
                await session.send("3")
            await sending
            assert await session.call("numbers") == [list(range(amount))]
            assert time.monotonic() - started > seconds - 0.1
    assert (await asyncio.to_thread(read_counts, server))["sessions_throttled"] >= 1
    assert warnings(server, f"--socketio-max-{option}-rate") == 1


def test_official_clients_stay_connected_while_they_are_throttled(
    start_server: Start, node: NodeClients
) -> None:
    """For six seconds; the clients would time out after two seconds without a packet."""
    server = start_server(
        "native:application",
        *("--socketio-max-byte-rate", "1000", "--socketio-allow-eio3"),
        *("--socketio-ping-interval", "1", "--socketio-ping-timeout", "1"),
        cwd=APPS,
    )
    clients = [
        node.start(
            "staysConnectedWhileItIsThrottled",
            version=version,
            url=server.url,
            transports=[transport],
        )
        for version in ("4.8", "2")
        for transport in SESSIONS
    ]
    for client in clients:
        client.result(60)


@pytest.mark.parametrize("transport", SESSIONS)
async def test_the_oldest_events_are_dropped_for_a_slow_client(
    transport: str, start_server: Start
) -> None:
    """It gets complete events in order, with the latest ones and the acknowledgement that it waits
    for.
    """
    amount = 10_000
    server = start_server(
        "native:application",
        *("--socketio-slow-clients", "drop-oldest", "--socketio-max-queued", "200000"),
        cwd=APPS,
    )
    async with SESSIONS[transport](server.url) as slow:
        await slow.join_namespace()
        async with bystander(server):
            if isinstance(slow, WebSocketSession):
                slow.websocket.transport.pause_reading()
            await slow.emit("many", amount, "x" * 1000, ack=1)
            async with WebSocketSession(server.url) as other:
                await other.join_namespace()
                await other.call("reply")  # handled after the earlier events
            await asyncio.to_thread(eventually, lambda: read_counts(server)["events_dropped"])
            if isinstance(slow, WebSocketSession):
                slow.websocket.transport.resume_reading()
        numbers = []
        while (packet := await slow.next_message()) != "431[]":
            assert isinstance(packet, str)
            if packet.startswith("451-"):
                number = json.loads(packet[4:])[1]
                assert number % 10 == 0
                attachment = await slow.next_message()
                assert attachment in (b"attached", "bYXR0YWNoZWQ=")
            else:
                number = json.loads(packet[2:])[1]
                assert number % 10
            numbers.append(number)
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == amount - 1
        counts = await asyncio.to_thread(read_counts, server)
        assert counts["events_dropped"] == amount - len(numbers)
        assert await slow.call("reply", 1) == [1]
    assert warnings(server, "--socketio-max-queued") == 1


@pytest.mark.parametrize("transport", SESSIONS)
async def test_with_drop_volatile_reliable_events_are_queued_up_to_four_times_the_limit(
    transport: str, start_server: Start
) -> None:
    size, most = 10_000, 1_000_000
    server = start_server(
        "native:application",
        *("--socketio-slow-clients", "drop-volatile", "--socketio-max-queued", str(most)),
        cwd=APPS,
    )
    async with SESSIONS[transport](server.url) as slow:
        key = str(uuid.uuid4())
        await slow.join_namespace(auth={"key": key})
        async with bystander(server):
            if isinstance(slow, WebSocketSession):
                slow.websocket.transport.pause_reading()
            amount = 3 * most // size
            await slow.emit("many", amount, "x" * size)
            if isinstance(slow, WebSocketSession):
                # The buffers of the kernel and of the WebSocket are filled before the queue.
                while not (await asyncio.to_thread(read_counts, server))["slow_consumers"]:
                    await slow.emit("many", 20, "x" * size)
                    amount += 20
            await asyncio.to_thread(eventually, lambda: read_counts(server)["slow_consumers"])
            assert warnings(server, "--socketio-max-queued") == 1
            await slow.emit("many", 20 * most // size, "x" * size)
            gone = await asyncio.to_thread(disconnects, server, key)
        assert gone == [["engineio_slow_consumer", "forced close", []]]
    counts = await asyncio.to_thread(read_counts, server)
    assert counts["slow_consumers_closed"] == 1
    assert counts["events_dropped"] == 0


async def test_namespaces_of_one_client(start_server: Start) -> None:
    server = start_server("native:application", "--socketio-max-namespaces", "2", cwd=APPS)
    async with bystander(server), WebSocketSession(server.url) as session:
        await session.join_namespace()
        await session.join_namespace("/chat")
        await session.send("40/functions,")
        refused = '44/functions,{"message":"Too many namespaces"}'
        assert await session.next_message() == refused
        assert await session.call("reply", 1) == [1]
        await session.send("41/chat,")
        await session.join_namespace("/functions")
    assert (await asyncio.to_thread(read_counts, server))["namespaces_refused"] == 1
    assert warnings(server, "--socketio-max-namespaces") == 1


async def test_rooms_of_one_socket(start_server: Start) -> None:
    server = start_server("native:application", "--socketio-max-rooms", "2", cwd=APPS)
    async with bystander(server), WebSocketSession(server.url) as session:
        await session.join_namespace()
        for rooms in (["a"], ["a", "b"]):
            assert await session.call("try_join", rooms[-1]) == [rooms]
        [message] = await session.call("try_join", "c")
        assert "'c'" in message
        assert "2 rooms" in message
        await session.emit("say", "c", "not for us")
        await session.emit("say", "b", "for us")
        assert await session.next_event() == ["said", "for us"]
        await session.emit("leave", "a")
        assert await session.call("try_join", "c") == [["b", "c"]]
    counts = await asyncio.to_thread(read_counts, server)
    assert counts["rooms_refused"] == 1
    assert warnings(server, "--socketio-max-rooms") == 1
