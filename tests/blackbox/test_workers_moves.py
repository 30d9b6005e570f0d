"""Socket.IO sessions that move from one Python process to another: reload and death."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from support.engineio import SESSIONS, Session, SessionEnded, WebSocketSession, event_packet
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

READY = re.compile(r"Python process \d \(pid (\d+)\) is ready")
COUNT = "/count"

StartServer = Callable[..., ServerProcess]


def start(start_server: StartServer, *arguments: str, workers: int = 2) -> ServerProcess:
    server = start_server("resuming:application", "--workers", str(workers), *arguments, cwd=APPS)
    wait_for_processes(server, workers)
    return server


def wait_for_processes(server: ServerProcess, count: int) -> list[int]:
    eventually(lambda: len(READY.findall(server.log)) >= count)
    return list(map(int, READY.findall(server.log)))


def wait_for_ends(server: ServerProcess, count: int) -> None:
    """Wait until so many processes have been replaced and have ended."""
    eventually(lambda: server.log.count("has ended with exit code 0") >= count)


def reload(server: ServerProcess) -> None:
    count = len(READY.findall(server.log))
    server.process.send_signal(signal.SIGHUP)
    wait_for_processes(server, count + 1)


def run(main: Any) -> None:
    asyncio.run(asyncio.wait_for(main(), 120))


async def tell(session: Session, namespace: str = COUNT) -> tuple[int, dict[str, Any]]:
    pid, told = await session.call("tell", namespace=namespace)
    return pid, told


async def end_of(session: Session) -> None:
    with contextlib.suppress(SessionEnded):
        while True:
            await session.next_message()


MOVES = {
    "reload": lambda server, pid: reload(server),
    "crash": lambda server, pid: os.kill(pid, signal.SIGKILL),
}


@pytest.mark.parametrize("why", MOVES)
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_session_moves_with_all_it_has(
    start_server: StartServer, transport: str, why: str
) -> None:
    server = start(start_server)

    async def main() -> None:
        headers = {"cookie": "a=b"}
        async with SESSIONS[transport](server.url, headers=headers) as session:
            id = await session.join_namespace(COUNT, auth={"room": "room", "name": "x"})
            await session.call("number", 1, namespace=COUNT)
            pid, before = await tell(session)
            MOVES[why](server, pid)
            assert await session.next_event(COUNT) == ["resumed", why]
            other, after = await tell(session)
            assert other != pid
            # A process that has died takes with it what it has not handed over.
            numbers = [1] if why == "reload" else []
            assert after["data"] == {"numbers": numbers, "whys": [why]}
            for same in ("rooms", "auth", "cookie", "url", "address", "transport"):
                assert after[same] == before[same], same
            assert after["id"] == id
            await session.call("number", 2, namespace=COUNT)
            assert (await tell(session))[1]["data"]["numbers"] == [*numbers, 2]
            assert "disconnect of" not in server.log

    run(main)


def test_no_event_is_lost_or_handled_twice_in_reloads(start_server: StartServer) -> None:
    server = start(start_server)
    rounds, clients = 3, 6
    stop = False

    async def client(transport: str, name: str) -> int:
        async with SESSIONS[transport](server.url) as session:
            await session.join_namespace(COUNT, auth={"name": name})
            number = 0
            while not stop:
                packets = []
                for _ in range(5):
                    number += 1
                    packets.append(event_packet("number", number, namespace=COUNT, ack=number))
                await session.send(*packets)
                acknowledged: list[int] = []
                while len(acknowledged) < 5:
                    packet = str(await session.next_message())
                    if packet.startswith("43"):
                        acknowledged.append(json.loads(packet[packet.index("[") :])[1])
                assert acknowledged == list(range(number - 4, number + 1))
            data = await told_data(session)
            assert data["numbers"] == list(range(1, number + 1))
            assert data["whys"] == ["reload"] * rounds
            return number

    async def told_data(session: Session) -> dict[str, Any]:
        await session.emit("tell", namespace=COUNT, ack=0)
        while not (packet := str(await session.next_message())).startswith("43/count,0["):
            pass
        data: dict[str, Any] = json.loads(packet[packet.index("[") :])[1]["data"]
        return data

    async def main() -> None:
        nonlocal stop
        names = [("polling" if n % 2 else "websocket", f"client {n}") for n in range(clients)]
        tasks = [asyncio.ensure_future(client(*name)) for name in names]
        for number in range(1, rounds + 1):
            await asyncio.to_thread(reload, server)
            await asyncio.to_thread(wait_for_ends, server, 2 * number)
        stop = True
        assert min(await asyncio.gather(*tasks)) > 0

    run(main)
    assert "events of clients were lost" not in server.log


def test_handlers_end_before_their_client_moves(start_server: StartServer) -> None:
    server = start(start_server)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            await session.join_namespace(COUNT, auth={})
            pid, _ = await tell(session)
            await session.emit("ask", namespace=COUNT)
            question = str(await session.next_message())
            assert question.endswith('["question"]')
            await asyncio.to_thread(reload, server)
            await session.send(event_packet("number", 1, namespace=COUNT, ack=1))
            ack = re.fullmatch(r'42/count,(\d+)\["question"\]', question)
            assert ack is not None
            await session.send(f'43/count,{ack[1]}["forty-two"]')
            assert await session.next_event(COUNT) == ["resumed", "reload"]
            assert str(await session.next_message()).startswith("43/count,1[")
            other, told = await tell(session)
            assert other != pid
            assert told["data"]["answer"] == "forty-two"
            assert told["data"]["numbers"] == [1]

    run(main)


def test_a_session_waits_for_the_only_process_to_come_back(start_server: StartServer) -> None:
    server = start(start_server, workers=1)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            await session.join_namespace(COUNT, auth={})
            await session.emit("die", namespace=COUNT)
            await asyncio.to_thread(server.wait_for_log, "has ended by SIGKILL")
            await session.send(event_packet("number", 7, namespace=COUNT, ack=1))
            packets = [str(await session.next_message()) for _ in range(2)]
            assert packets[0] == '42/count,["resumed","crash"]'
            assert packets[1].startswith("43/count,1[")

    run(main)


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("object", "socket.data['bad']['deep'][0] is not JSON"),
        ("itself", "socket.data is not JSON"),
        ("key", "socket.data['bad'][1] is not JSON"),
        ("user", "LookupError: no user"),
    ],
)
def test_what_can_not_be_kept_closes_the_session(
    start_server: StartServer, how: str, named: str
) -> None:
    server = start(start_server)

    async def main() -> None:
        sessions = [WebSocketSession(server.url) for _ in range(4)]
        for session in sessions:
            await session.open()
            await session.join_namespace(COUNT, auth={})
            await session.call("spoil", how, namespace=COUNT)
        await asyncio.to_thread(reload, server)
        for session in sessions:
            await end_of(session)

    run(main)
    wait_for_ends(server, 2)
    warning = f"Clients of namespace /count can't move to another Python process: {named}"
    assert server.log.count(warning) == 2, "once for each process"
    assert server.log.count("disconnect of") == 4
    assert "Traceback" not in server.log


@pytest.mark.parametrize("why", MOVES)
def test_clients_of_consumers_that_can_not_resume_come_back(
    start_server: StartServer, why: str
) -> None:
    server = start(start_server)

    async def main() -> None:
        async with WebSocketSession(server.url) as plain, WebSocketSession(server.url) as both:
            await plain.join_namespace("/plain")
            (pid,) = await plain.call("tell", namespace="/plain")
            await both.join_namespace(COUNT, auth={})
            await both.join_namespace("/plain")
            (other,) = await both.call("tell", namespace="/plain")
            MOVES[why](server, pid)
            await end_of(plain)
            if why == "crash" and other != pid:
                os.kill(other, signal.SIGKILL)
            await end_of(both)

    run(main)


def test_a_client_whose_resume_fails_comes_back(start_server: StartServer) -> None:
    server = start(start_server)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            await session.join_namespace(COUNT, auth={"fail": True})
            await asyncio.to_thread(reload, server)
            await end_of(session)

    run(main)
    assert "RuntimeError: can't resume" in server.log


def test_functions_dynamic_namespaces_and_relays_resume(start_server: StartServer) -> None:
    server = start(start_server)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            await session.join_namespace("/functions")
            await session.join_namespace("/board-7", auth={"room": "room"})
            (pid,) = await session.call("tell", namespace="/functions")
            await asyncio.to_thread(reload, server)
            resumed = {str(await session.next_message()) for _ in range(2)}
            assert resumed == {
                '42/functions,["resumed","reload"]',
                '42/board-7,["resumed","reload"]',
            }
            (other,) = await session.call("tell", namespace="/functions")
            assert other != pid
            await session.emit("chat", "hello", namespace="/board-7")
            assert await session.next_event("/board-7") == ["chat", "hello"]
            assert (await tell(session, "/board-7"))[1]["rooms"] == ["room"]

    run(main)


def test_a_client_that_leaves_during_its_move_is_disconnected_once(
    start_server: StartServer,
) -> None:
    server = start(start_server)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            id = await session.join_namespace(COUNT, auth={})
            await session.emit("ask", namespace=COUNT)
            question = str(await session.next_message())
            await asyncio.to_thread(reload, server)
            await session.send("41/count,")
            await session.send("43" + question[2:].replace('["question"]', '["bye"]'))
            await asyncio.to_thread(eventually, lambda: f"disconnect of {id}" in server.log)

    run(main)
    wait_for_ends(server, 2)
    assert server.log.count("disconnect of") == 1
