"""Emits of processes without a server through the control socket of a server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import sio
from support.heard import Client
from support.server import ServerProcess

APPS = pathlib.Path(__file__).parent / "apps"
PATIENCE = 30.0


@pytest.fixture(scope="module", params=[(), ("--workers", "2")], ids=["one process", "workers"])
def server(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    path = tmp_path_factory.mktemp("control") / "control"
    server = ServerProcess(
        "rooms:application", "--control", str(path), *request.param, cwd=APPS
    ).start()
    if request.param:
        for number in (1, 2):
            server.wait_for_log(rf"Python process {number}.* is ready")
    yield server
    server.stop()


@pytest.fixture
def has_workers(server: ServerProcess) -> bool:
    return "--workers" in server.command


@pytest.fixture
def path(server: ServerProcess) -> str:
    return server.command[list(server.command).index("--control") + 1]


@pytest.fixture
def emitter(path: str) -> sio.ControlEmitter:
    return sio.ControlEmitter(path)


@contextlib.asynccontextmanager
async def clients(server: ServerProcess, *rooms: list[str]) -> AsyncIterator[list[Client]]:
    """A client for each list of rooms."""
    async with contextlib.AsyncExitStack() as stack:
        made = []
        for names in rooms:
            client = Client()
            await client.connect(server.url, names)
            stack.push_async_callback(client.sio.disconnect)
            made.append(client)
        yield made


async def test_events_reach_the_clients(server: ServerProcess, emitter: sio.ControlEmitter) -> None:
    chat = emitter.of("/chat")
    async with clients(server, ["lobby"], ["lobby", "desk"], []) as (ann, bob, cyd):
        await chat.emit("all", 1, {"a": [None, True, 1.5, "é"]}, b"\0\1", 2**70)
        for client in (ann, bob, cyd):
            assert await client.next() == ("all", 1, {"a": [None, True, 1.5, "é"]}, b"\0\1", 2**70)
        await chat.to("lobby").except_("desk").volatile.emit("except")
        assert await ann.next() == ("except",)
        await chat.to(["lobby", "desk"]).compress(False).emit("once", {"sio.bytes": "AA=="})
        await chat.to([]).emit("nobody")
        await emitter.emit("elsewhere")
        await emitter.emit("nobody knows", namespace="/unknown")
        await asyncio.to_thread(emitter.emit, "thread", room="lobby", namespace="chat")
        for client in (ann, bob):
            assert await client.next() == ("once", {"sio.bytes": "AA=="})
            assert await client.next() == ("thread",)
        await chat.emit("end")
        assert await cyd.next() == ("end",)


async def test_rooms_and_connections_change(
    server: ServerProcess, emitter: sio.ControlEmitter
) -> None:
    chat = emitter.of("/chat")
    async with clients(server, ["a"], ["b"], ["a", "b"]) as (ann, bob, cyd):
        await chat.to("a").sockets_join(["c", "d"])
        await chat.to("c").except_("b").sockets_leave("d")
        assert await ann.rooms() == ["a", "c"]
        assert await bob.rooms() == ["b"]
        assert await cyd.rooms() == ["a", "b", "c", "d"]
        await chat.to("d").disconnect_sockets(close=True)
        assert await cyd.next() == "disconnected"
        await chat.emit("rest")
        assert await ann.next() == await bob.next() == ("rest",)


async def test_an_event_for_the_server(
    server: ServerProcess, emitter: sio.ControlEmitter, has_workers: bool
) -> None:
    async with clients(server, []) as (ann,):
        if has_workers:
            with pytest.raises(sio.PublishError, match="needs Redis"):
                await emitter.of("/chat").server_side_emit("news", 1)
        else:
            await emitter.of("/chat").server_side_emit("news", 1)
            assert await ann.next() == ("news of others", 1)


async def test_many_events_keep_their_order(
    server: ServerProcess, emitter: sio.ControlEmitter
) -> None:
    async with clients(server, []) as (ann,):
        for number in range(300):
            emitter.of("/chat").emit("n", number, "x" * 100_000)  # several requests
        for number in range(300):
            assert (await ann.next())[1] == number


async def test_many_processes_emit_at_a_time(server: ServerProcess, path: str) -> None:
    """More than the server has room for connections."""
    emitters = [sio.ControlEmitter(path) for _ in range(80)]
    start = threading.Barrier(len(emitters))

    def emit(number: int) -> None:
        start.wait()
        for _ in range(3):
            emitters[number].of("/chat").emit("n", number)

    threads = [threading.Thread(target=emit, args=[number]) for number in range(len(emitters))]
    async with clients(server, []) as (ann,):
        for thread in threads:
            thread.start()
        numbers = [(await ann.next())[1] for _ in range(3 * len(emitters))]
    assert sorted(numbers) == sorted([*range(len(emitters))] * 3)
    for thread in threads:
        thread.join()


async def test_the_environment(
    server: ServerProcess, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)
    monkeypatch.setenv("SIOSERVE_CONTROL", path)
    here = sio.get_socketio_server()
    here.json_default = lambda value: f"<{type(value).__name__}>"
    async with clients(server, ["lobby"]) as (ann,):
        here.of("/chat").to("lobby").emit("hi", object())
        assert await ann.next() == ("hi", "<object>")
    with pytest.raises(RuntimeError, match="only publishes and gets no answers"):
        here.of("/chat").fetch_sockets()
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:1")
    assert isinstance(here.emitter, sio.RedisEmitter)


def test_no_server_runs_there(tmp_path: pathlib.Path) -> None:
    emitter = sio.ControlEmitter(str(tmp_path / "control"))
    with pytest.raises(sio.PublishError, match=r"can't emit 'news': the server at \S+: .*No such"):
        emitter.emit("news")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "control"))
    with pytest.raises(sio.PublishError, match=r"can't emit 'news': .*Connection refused"):
        emitter.emit("news")


def test_a_message_that_is_too_large(tmp_path: pathlib.Path) -> None:
    emitter = sio.ControlEmitter(str(tmp_path / "control"))
    with pytest.raises(ValueError, match="bytes is too large"):
        emitter.emit("news", "x" * 16_000_000)


Say = Callable[[dict[str, Any]], Any]


@pytest.fixture
def say(path: str) -> Say:
    """say(request): the last answer."""

    def say(request: dict[str, Any]) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                return json.loads(answers.readlines()[-1])

    return say


GOOD = {"kind": "event", "namespace": "/chat", "args": ["hi"]}


@pytest.mark.parametrize(
    "emit",
    [
        {},
        {**GOOD, "kind": "other"},
        {**GOOD, "namespace": 1},
        {**GOOD, "args": []},
        {**GOOD, "args": {"a": 1}},
        {**GOOD, "rooms": []},
        {**GOOD, "rooms": "lobby"},
        {**GOOD, "rooms": [1]},
        {**GOOD, "except_rooms": None},
        [],
        1,
    ],
)
def test_a_malformed_emit_is_refused(emit: Any, say: Say, server: ServerProcess) -> None:
    assert "malformed" in say({"request": "emit", "emits": [GOOD, emit]})["error"]


def test_a_request_without_emits_is_refused(say: Say) -> None:
    assert "malformed" in say({"request": "emit"})["error"]
    assert say({"request": "emit", "emits": [GOOD]}) == {"result": [None]}


def test_the_command_has_no_emit() -> None:
    from sioserve.control.command import is_command

    assert not is_command(["emit"])
