"""Socket.IO with --workers: sessions stay with one process, rooms span all of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import re
from collections.abc import Callable, Iterator
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
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

READY = re.compile(r"Python process \d \(pid (\d+)\) is ready")
CHAT = "/chat"


def start(start_server: Callable[..., ServerProcess], *arguments: str) -> ServerProcess:
    server = start_server("several:application", "--workers", "2", *arguments, cwd=APPS)
    eventually(lambda: len(READY.findall(server.log)) >= 2)
    return server


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    started: list[ServerProcess] = []

    def start_one(application: str, *arguments: str, **options: Any) -> ServerProcess:
        started.append(ServerProcess(application, *arguments, **options).start())
        return started[0]

    yield start(start_one)
    started[0].stop()


class FreshPolling(PollingSession):
    """A polling client that opens a connection for each request, as behind some proxies."""

    async def get(self) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            return await http.get(self.target)

    async def post(self, body: str | bytes) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            return await http.post(self.target, content=body)


async def connect(session: Session, name: str, room: str = "", **data: Any) -> str:
    auth = {"name": name, "join": [room] if room else [], "data": {"name": name, **data}}
    return await session.join_namespace(CHAT, auth=auth)


async def pid_of(session: Session) -> int:
    return int((await session.call("notes", namespace=CHAT))[0])


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    return f"room of {request.node.name}"


async def end_of(session: Session) -> None:
    with contextlib.suppress(SessionEnded):
        while True:
            await session.next_message()


def run(main: Any) -> None:
    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_polling_client_needs_no_sticky_connections(server: ServerProcess, room: str) -> None:
    async def main() -> None:
        async with FreshPolling(server.url) as session:
            await connect(session, "poller", room)
            for start in range(0, 300, 3):
                packets = [event_packet("note", n, namespace=CHAT) for n in range(start, start + 3)]
                await session.send(*packets)
            pid, numbers = await session.call("notes", namespace=CHAT)
            assert numbers == list(range(300))
            for _ in range(5):
                assert await pid_of(session) == pid

    run(main)


def test_an_emit_arrives_while_its_handler_blocks_the_event_loop(
    server: ServerProcess, room: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "arrived"

    async def check(one: tuple[Session, str, int], two: tuple[Session, str, int]) -> None:
        sender, receiver = one[0], two[0]
        await sender.send(event_packet("say_and_block", room, str(path), namespace=CHAT, ack=1))
        assert await receiver.next_message() == '42/chat,["said","before"]'
        path.touch()
        assert await sender.next_message() == '42/chat,["said","before"]'
        assert await sender.next_message() == f"43/chat,1[{one[2]},true]"

    with_two(server, room, check)


def test_a_session_has_all_its_namespaces_in_one_process(server: ServerProcess) -> None:
    async def main() -> None:
        pids = set()
        async with contextlib.AsyncExitStack() as stack:
            for number in range(4):
                session = await stack.enter_async_context(WebSocketSession(server.url))
                await connect(session, f"client {number}")
                pids.add(await pid_of(session))
        assert len(pids) == 2

    run(main)


async def two_in_room(stack: contextlib.AsyncExitStack, server: ServerProcess, room: str) -> Any:
    """Clients of both processes in a room: (session, id, pid) each."""
    found: dict[int, tuple[Session, str, int]] = {}
    for number in range(20):
        session = WebSocketSession(server.url)
        await session.open()
        id = await connect(session, f"client {number}", room)
        pid = await pid_of(session)
        if pid in found:
            await session.abandon()
            continue
        stack.push_async_exit(session)
        found[pid] = session, id, pid
        if len(found) == 2:
            break
    one, two = found.values()
    # Those that were one too many have left.
    while len((await one[0].call("fetch", room, namespace=CHAT))[2]) != 2:
        pass
    return one, two


def with_two(server: ServerProcess, room: str, check: Any) -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            await check(*await two_in_room(stack, server, room))

    run(main)


def test_a_room_spans_the_processes(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        for number in range(100):
            await one[0].send(event_packet("say", room, f"{number}", namespace=CHAT, ack=1))
        assert [(await two[0].next_event(CHAT))[1] for _ in range(100)] == [
            str(n) for n in range(100)
        ]

    with_two(server, room, check)


def test_bytes_reach_clients_of_other_processes(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        await one[0].call("say_bytes", room, namespace=CHAT)
        header = await two[0].next_message()
        assert header.startswith("451-/chat,")
        assert await two[0].next_message() == b"\x00\xff"

    with_two(server, room, check)


def test_every_process_sees_all_rooms_and_counts(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        for session, _, pid in (one, two):
            answer = await session.call("rooms", namespace=CHAT)
            assert answer[0] == pid
            assert answer[1][room] == sorted([one[1], two[1]])
            assert (await session.call("counts", namespace=CHAT))[1] >= 2

    with_two(server, room, check)


def test_counts_are_those_of_all_processes(start_server: Callable[..., ServerProcess]) -> None:
    server = start(start_server)

    async def check(one: Any, two: Any) -> None:
        async with WebSocketSession(server.url) as third:
            await connect(third, "third")
            for session, _, pid in (one, two):
                told, everywhere, here = await session.call("numbers", namespace=CHAT)
                assert told == pid
                assert everywhere == [3, 3]
                assert sum(here) in (2, 4)

    with_two(server, "room", check)


def test_dynamic_namespaces_are_those_of_all_processes(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start(start_server)

    async def check(one: Any, two: Any) -> None:
        # Each is used by clients of one process.
        await one[0].join_namespace("/board-1")
        await two[0].join_namespace("/board-2")
        await two[0].join_namespace("/room-3", auth={"key": "right"})
        for session, _, _ in (one, two):
            _, names, counts = await session.call("namespaces", namespace=CHAT)
            assert names == ["/", "/board-1", "/board-2", "/chat", "/room-3"]
            assert counts == [2, 1]
        await one[0].emit("say_to_patterns", "hello", namespace=CHAT, ack=1)
        assert await one[0].next_event("/board-1") == ["said", "hello"]
        assert str(await one[0].next_message()).endswith(",2]"), "both boards are found"
        assert await two[0].next_event("/board-2") == ["said", "hello"]
        assert await two[0].next_event("/room-3") == ["said", "hello"]
        # The function decides in each process, and again about a namespace that is gone.
        await one[0].send('40/room-3,{"key":"wrong"}')
        assert str(await one[0].next_message()).startswith("44/room-3,")

    with_two(server, "room", check)


def test_local_events_stay_in_their_process(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        # Its own client gets the event before the answer.
        await one[0].emit("say_here", room, "here", namespace=CHAT, ack=1)
        assert await one[0].next_event(CHAT) == ["said", "here"]
        assert str(await one[0].next_message()).startswith("43/chat,1[")
        await one[0].emit("say", room, "everywhere", namespace=CHAT, ack=2)
        assert await two[0].next_event(CHAT) == ["said", "everywhere"]

    with_two(server, room, check)


def test_the_id_of_a_client_of_another_process_is_a_private_room(
    server: ServerProcess, room: str
) -> None:
    async def check(one: Any, two: Any) -> None:
        for call in (("enter", two[1]), ("enter", one[1]), ("all_enter", room, two[1])):
            answer = await one[0].call(*call, namespace=CHAT)
            allowed = call == ("enter", one[1])
            assert answer[1] == ("joined" if allowed else "refused"), call
        long_name = f"{room} with a name that is longer than an id"
        assert (await one[0].call("enter", long_name, namespace=CHAT))[1] == "joined"

    with_two(server, room, check)


def test_fetched_sockets_of_all_processes_can_be_asked(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        async with WebSocketSession(server.url) as third:
            await connect(third, "asks")
            answering = [
                asyncio.create_task(answer_questions(session, f"from {pid}"))
                for session, _, pid in (one, two)
            ]
            _, answers = await third.call("ask_each", room, namespace=CHAT)
            assert answers == sorted(f"from {pid}" for _, _, pid in (one, two))
            await asyncio.gather(*answering)

    with_two(server, room, check)


def test_fetched_sockets_have_what_the_other_process_knows(
    server: ServerProcess, room: str
) -> None:
    async def check(one: Any, two: Any) -> None:
        _, here, sockets = await one[0].call("fetch", room, namespace=CHAT)
        assert here == 1
        assert [socket[0] for socket in sockets] == sorted([one[1], two[1]])
        for _, rooms, data, name in sockets:
            assert rooms == [room]
            assert data == {"name": name}

    with_two(server, room, check)


async def answer_questions(session: Session, answer: str) -> None:
    while True:
        packet = str(await session.next_message())
        asked = re.fullmatch(r'451-/chat,(\d+)\["question",.*', packet)
        if asked:
            assert await session.next_message() == b"\x01"
            await session.send(f"43{CHAT},{asked[1]}{json.dumps([answer])}")
            return


def test_a_broadcast_collects_the_answers_of_all_processes(
    server: ServerProcess, room: str
) -> None:
    async def check(one: Any, two: Any) -> None:
        async with WebSocketSession(server.url) as third:
            await connect(third, "asks")
            answering = [
                asyncio.create_task(answer_questions(session, f"from {pid}"))
                for session, _, pid in (one, two)
            ]
            _, answers = await third.call("ask", room, 20, namespace=CHAT)
            assert answers == sorted(f"from {pid}" for _, _, pid in (one, two))
            await asyncio.gather(*answering)

    with_two(server, room, check)


def test_a_broadcast_tells_which_answers_are_missing(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        async with WebSocketSession(server.url) as third:
            await connect(third, "asks")
            answering = asyncio.create_task(answer_questions(two[0], "the only one"))
            answer = await third.call("ask", room, 1, namespace=CHAT)
            assert answer[1:] == ["late", ["the only one"]]
            await answering

    with_two(server, room, check)


def test_sockets_of_other_processes_join_and_leave_in_order(
    server: ServerProcess, room: str
) -> None:
    async def check(one: Any, two: Any) -> None:
        async with WebSocketSession(server.url) as third:
            await connect(third, "moves")
            await third.call("move", room, f"{room} 2", namespace=CHAT)
            for session, _, _ in (one, two):
                assert await session.next_event(CHAT) == ["moved", f"{room} 2"]
            _, rooms = await third.call("rooms", namespace=CHAT)
            assert room not in rooms
            assert rooms[f"{room} 2"] == sorted([one[1], two[1]])

    with_two(server, room, check)


def test_sockets_of_other_processes_are_disconnected(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        async with WebSocketSession(server.url) as third:
            await connect(third, "kicks")
            await third.call("kick", room, namespace=CHAT)
            for session, _, _ in (one, two):
                assert await session.next_message() == "41/chat,"

    with_two(server, room, check)


def test_processes_are_servers_of_one_cluster(server: ServerProcess, room: str) -> None:
    async def check(one: Any, two: Any) -> None:
        assert await one[0].call("servers", namespace=CHAT) == [one[2], 2, [two[2]]]

    with_two(server, room, check)


def test_close_in_one_process_stops_the_whole_server(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start(start_server)

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            one, two = await two_in_room(stack, server, "room")
            await one[0].send(event_packet("close", namespace=CHAT))
            await end_of(one[0])
            await end_of(two[0])

    run(main)
    assert server.wait() == 0
    assert "has ended" not in server.log
    assert "did not stop in time" not in server.log


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_clients_of_a_killed_process_come_back(
    start_server: Callable[..., ServerProcess], transport: str
) -> None:
    server = start(start_server)

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            one, two = await two_in_room(stack, server, "room")
            session = SESSIONS[transport](server.url)
            await stack.enter_async_context(session)
            await connect(session, "victim", "room")
            pid = await pid_of(session)
            witness = two if one[2] == pid else one
            await session.send(event_packet("die", namespace=CHAT))
            await end_of(session)
            assert await pid_of(witness[0]) == witness[2], "the others go on"
            async with SESSIONS[transport](server.url) as again:
                await connect(again, "victim", "room")
                await again.send(event_packet("say", "room", "back", namespace=CHAT, ack=1))
                assert await witness[0].next_event(CHAT) == ["said", "back"]
            # What the dead process knew of the room is gone.
            _, rooms = await witness[0].call("rooms", namespace=CHAT)
            assert len(rooms["room"]) <= 2

    run(main)
    eventually(lambda: len(READY.findall(server.log)) >= 3)


def test_a_client_of_a_killed_process_recovers_id_and_rooms(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start(start_server, "--socketio-recovery", "60")

    async def main() -> None:
        async with WebSocketSession(server.url) as session, WebSocketSession(server.url) as other:
            await session.send("40" + CHAT + ',{"name": "victim", "join": ["room"]}')
            welcome = json.loads(str(await session.next_message()).partition(",")[2])
            await session.emit("note", 1, namespace=CHAT)
            await session.send(event_packet("say", "room", "first", namespace=CHAT, ack=1))
            said = json.loads(str(await session.next_message()).partition(",")[2])
            offset = said[-1]
            await session.send(event_packet("die", namespace=CHAT))
            await end_of(session)
            await connect(other, "other")
            await other.send(event_packet("say", "room", "missed", namespace=CHAT, ack=1))
            assert str(await other.next_message()).startswith("43/chat,1")
            async with WebSocketSession(server.url) as again:
                auth = {"name": "victim", "pid": welcome["pid"], "offset": offset}
                await again.send("40" + CHAT + "," + json.dumps(auth))
                answer = json.loads(str(await again.next_message()).partition(",")[2])
                assert answer == welcome
                assert (await again.next_event(CHAT))[1] == "missed"

    run(main)
