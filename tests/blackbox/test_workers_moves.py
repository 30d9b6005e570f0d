"""Socket.IO sessions that move from one Python process to another: reload and death."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import random
import re
import signal
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.engineio import (
    SESSIONS,
    PollingSession,
    Session,
    SessionEnded,
    WebSocketSession,
    event_packet,
)
from support.moving_chat import OnePostAtATime
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually
from support.workers import status_of

READY = re.compile(r"Python process \d \(pid (\d+)\) is ready")
RELOADING = re.compile(r"Reloading: (\d+) new Python process")
RETIRED = "gets no new work (reload)"
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
    """Returns when the old processes get nothing new."""
    reloads, retired = len(RELOADING.findall(server.log)), server.log.count(RETIRED)
    server.process.send_signal(signal.SIGHUP)
    replaced = eventually(lambda: RELOADING.findall(server.log)[reloads:])
    eventually(lambda: server.log.count(RETIRED) == retired + int(replaced[0]))
    # The I/O thread has been told; it has taken note before it answers a new connection.
    assert httpx.get(f"{server.url}/socket.io/").status_code == 400


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


def start_for(start_server: StartServer, why: str) -> ServerProcess:
    if why == "recycling":  # the session and one request
        return start(start_server, "--limit-max-requests", "2", workers=1)
    return start(start_server)


@pytest.mark.parametrize("why", [*MOVES, "recycling"])
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_session_moves_with_all_it_has(
    start_server: StartServer, transport: str, why: str
) -> None:
    server = start_for(start_server, why)

    async def main() -> None:
        headers = {"cookie": "a=b"}
        async with SESSIONS[transport](server.url, headers=headers) as session:
            id = await session.join_namespace(COUNT, auth={"room": "room", "name": "x"})
            await session.call("number", 1, namespace=COUNT)
            pid, before = await tell(session)
            if why == "recycling":
                assert httpx.get(server.url).text == str(pid)
            else:
                MOVES[why](server, pid)
            assert await session.next_event(COUNT) == ["resumed", why]
            other, after = await tell(session)
            assert other != pid
            # A process that has died takes with it what it has not handed over.
            numbers = [] if why == "crash" else [1]
            assert after["data"] == {"numbers": numbers, "whys": [why]}
            for same in ("rooms", "auth", "cookie", "url", "address", "transport"):
                assert after[same] == before[same], same
            assert after["id"] == id
            await session.call("number", 2, namespace=COUNT)
            assert (await tell(session))[1]["data"]["numbers"] == [*numbers, 2]
            assert "disconnect of" not in server.log

    run(main)


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_events_behind_a_handler_that_outlives_the_grace(
    start_server: StartServer, transport: str
) -> None:
    """The old process does not handle them while the new one handles those that follow."""
    server = start(start_server, "--reload-grace", "0.5", workers=1)

    async def main() -> None:
        async with SESSIONS[transport](server.url) as session:
            await session.join_namespace(COUNT)
            pid, _ = await tell(session)
            await session.send(event_packet("hang", namespace=COUNT))
            await session.send(event_packet("note", "first", namespace=COUNT))
            await asyncio.to_thread(server.wait_for_log, "a handler hangs")
            reload(server)
            await session.send(event_packet("note", "second", namespace=COUNT))
            assert await session.next_event(COUNT) == ["resumed", "crash"]
            other, _ = await tell(session)
            await asyncio.to_thread(server.wait_for_log, rf"\(pid {pid}\), which was replaced, has")
            assert f"note second in {other}" in server.log
            assert "note first" not in server.log
            assert "not handled, this process stops: 1 events" in server.log
            assert "2 Socket.IO events of clients were lost" in server.log

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


async def acknowledge(session: Session, question: str, answer: object) -> None:
    """Answer the question, which is a packet."""
    found = re.fullmatch(r"42/count,(\d+)\[.*", question)
    assert found, question
    await session.send(f"43/count,{found[1]}{json.dumps([answer])}")


def test_a_function_that_never_ends_does_not_hold_up_a_reload(start_server: StartServer) -> None:
    # Longer than the new processes need to start, so that the session has to wait for the end.
    options = ("--workers", "2", "--socketio-connect-timeout", "10")
    server = start_server("resuming_function:application", *options, cwd=APPS)
    wait_for_processes(server, 2)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            await session.join_namespace(COUNT)
            pid, _ = await tell(session)
            await session.send("40/asked,")
            await asyncio.to_thread(server.wait_for_log, "asked about /asked")
            await asyncio.to_thread(reload, server)
            refusal = await session.next_message()
            assert refusal == '44/asked,{"message":"Connection timed out"}'
            assert await session.next_event(COUNT) == ["resumed", "reload"]
            assert (await tell(session))[0] != pid
        await asyncio.to_thread(wait_for_ends, server, 2)

    run(main)
    cancelled = "resuming_function.endless has run for 10 s and is cancelled"
    assert server.log.index(RETIRED) < server.log.index(cancelled)


def test_callbacks_end_before_their_client_moves(start_server: StartServer) -> None:
    server = start(start_server)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            await session.join_namespace(COUNT, auth={})
            pid, _ = await tell(session)
            await session.emit("ask_by_callbacks", namespace=COUNT)
            question = str(await session.next_message())
            await asyncio.to_thread(reload, server)
            for answer in (1, 2, 3):
                await acknowledge(session, question, answer)
                question = str(await session.next_message())
            assert question == '42/count,["resumed","reload"]'
            other, told = await tell(session)
            assert other != pid
            assert told["data"]["answers"] == [1, 2, 3]

    run(main)


def test_concurrent_handlers_end_before_their_client_moves(start_server: StartServer) -> None:
    server = start(start_server)

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            await session.join_namespace(COUNT, auth={})
            pid, _ = await tell(session)
            for _ in range(3):
                await session.emit("ask_beside", namespace=COUNT)
            questions = [str(await session.next_message()) for _ in range(3)]
            await asyncio.to_thread(reload, server)
            await session.emit("number", 4, namespace=COUNT, ack=1)
            for answer in (3, 1, 2):
                await acknowledge(session, questions[answer - 1], answer)
            assert await session.next_event(COUNT) == ["resumed", "reload"]
            assert str(await session.next_message()).startswith("43/count,1[")
            other, told = await tell(session)
            assert other != pid
            assert told["data"]["numbers"] == [3, 1, 2, 4]

    run(main)


def test_a_client_changes_to_a_websocket_during_its_move(start_server: StartServer) -> None:
    server = start(start_server)

    async def main() -> None:
        async with PollingSession(server.url) as session:
            await session.join_namespace(COUNT, auth={})
            pid, _ = await tell(session)
            await session.emit("ask", namespace=COUNT)
            question = str(await session.next_message())
            probe = await session.probe()
            await probe.send("2probe")
            assert await probe.recv() == "3probe"
            await asyncio.to_thread(reload, server)
            await session.emit("number", 1, namespace=COUNT, ack=1)
            await probe.send("5")
            await probe.send(event_packet("number", 2, namespace=COUNT, ack=2))
            found = re.fullmatch(r'42/count,(\d+)\["question"\]', question)
            assert found
            await probe.send(f'43/count,{found[1]}["yes"]')
            heard: list[str] = []
            while len(heard) < 3:
                packet = str(await asyncio.wait_for(probe.recv(), 30))
                if packet == "2":
                    await probe.send("3")
                elif packet != "6":
                    heard.append(packet)
            assert heard[0] == '42/count,["resumed","reload"]'
            assert [packet[:11] for packet in heard[1:]] == ["43/count,1[", "43/count,2["]
            await probe.send(event_packet("tell", namespace=COUNT, ack=3))
            packet = str(await asyncio.wait_for(probe.recv(), 30))
            other, told = json.loads(packet[packet.index("[") :])
            assert other != pid
            assert told["transport"] == "websocket"
            assert told["data"]["numbers"] == [1, 2]
            await probe.close()

    run(main)


def test_clients_stay_connected_through_a_storm_of_reloads_and_kills(
    start_server: StartServer, tmp_path: pathlib.Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    control = tmp_path / "control"
    server = start(start_server, "--control", str(control))

    def storm() -> None:
        for _ in range(10):
            ready = len(READY.findall(server.log))
            server.process.send_signal(signal.SIGHUP)
            if chance.random() < 0.5:
                wait_for_processes(server, ready + 1)
            rows = status_of(control)["processes"]
            if pids := [row["pid"] for row in rows if "pid" in row]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(pids), signal.SIGKILL)

    def has_calmed_down() -> bool:
        status = status_of(control)
        states = [row["state"] for row in status["processes"]]
        return status["state"] == "running" and states == ["ready", "ready"]

    async def wait_for_ack(session: Session) -> None:
        """Answers pings meanwhile."""
        while not (packet := str(await session.next_message())).startswith("43/count,5["):
            assert packet.startswith('42/count,["resumed"'), packet

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            sessions: list[Session] = []
            for kind in (OnePostAtATime, WebSocketSession) * 4:
                session = await stack.enter_async_context(kind(server.url))
                await session.join_namespace(COUNT, auth={})
                sessions.append(session)
            waiting = [asyncio.ensure_future(wait_for_ack(session)) for session in sessions]
            await asyncio.to_thread(storm)
            await asyncio.to_thread(eventually, has_calmed_down, seconds=60)
            for session in sessions:
                await session.emit("number", 1, namespace=COUNT, ack=5)
            await asyncio.gather(*waiting)

    run(main)


# --- clients that are away (connection state recovery) ---


async def connect_with_pid(session: Session, namespace: str, auth: Any) -> dict[str, Any]:
    """The answer to CONNECT."""
    await session.send(f"40{namespace},{json.dumps(auth)}")
    answer: dict[str, Any] = json.loads(str(await session.next_message()).partition(",")[2])
    return answer


@pytest.mark.parametrize("namespace", [COUNT, "/plain"])
@pytest.mark.parametrize("why", MOVES)
def test_a_client_that_is_away_recovers_its_data_in_another_process(
    start_server: StartServer, namespace: str, why: str
) -> None:
    server = start(start_server, "--socketio-recovery", "60")

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            welcome = await connect_with_pid(session, namespace, {})
            (pid,) = await session.call("keep", "name", "Ann", namespace=namespace)
        await asyncio.to_thread(server.wait_for_log, "disconnect of")
        assert f"in {pid}" in server.log
        # What it does later comes behind what it has handed over.
        await asyncio.to_thread(eventually, lambda: httpx.get(server.url).text == str(pid))
        MOVES[why](server, pid)
        if why == "reload":
            await asyncio.to_thread(wait_for_ends, server, 2)
        else:
            await asyncio.to_thread(server.wait_for_log, "has ended by SIGKILL")
        async with WebSocketSession(server.url) as again:
            answer = await connect_with_pid(again, namespace, {"pid": welcome["pid"]})
            assert answer == welcome
            if namespace == COUNT:
                other, told = await tell(again)
                assert told["data"] == {"numbers": [], "whys": [], "name": "Ann"}
            else:
                other, data, recovered = await again.call("data", namespace=namespace)
                assert data == {"fresh": pid, "name": "Ann", "left": True}
                assert recovered
            assert other != pid

    run(main)


def test_a_client_that_can_not_move_recovers_its_data_in_the_new_process(
    start_server: StartServer,
) -> None:
    server = start(start_server, "--socketio-recovery", "60")

    async def main() -> None:
        async with WebSocketSession(server.url) as session:
            welcome = await connect_with_pid(session, "/plain", {})
            (pid,) = await session.call("keep", "name", "Ann", namespace="/plain")
            await asyncio.to_thread(reload, server)
            await end_of(session)
        await asyncio.to_thread(wait_for_ends, server, 2)
        async with WebSocketSession(server.url) as again:
            answer = await connect_with_pid(again, "/plain", {"pid": welcome["pid"]})
            assert answer == welcome
            other, data, recovered = await again.call("data", namespace="/plain")
            assert other != pid
            assert recovered
            assert data == {"fresh": pid, "name": "Ann", "left": True}

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
