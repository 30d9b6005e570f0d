"""How a process that serves nothing finds Redis, and what it says when it can't emit."""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import pytest
import redis
import sio
from django.conf import UserSettingsHolder, global_settings
from django.conf import settings as django_settings
from sioserve.testing import captured_emits
from support.redis_server import RedisServer
from support.server import ROOT


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)
    for name in tuple(os.environ):
        if name.startswith(("SIOSERVE_REDIS", "SIOSERVE_CONTROL")):
            monkeypatch.delenv(name)


@pytest.fixture
def settings() -> Iterator[UserSettingsHolder]:
    """Django's settings, for one test."""
    before = vars(django_settings)["_wrapped"]
    holder = django_settings._wrapped = UserSettingsHolder(global_settings)
    yield holder
    django_settings._wrapped = before


@pytest.fixture
def published(redis_server: RedisServer) -> Iterator[Callable[[], tuple[str, Any]]]:
    """published(): the next channel and payload."""
    client = redis.Redis.from_url(redis_server.url)
    pubsub = client.pubsub()
    pubsub.psubscribe("*")
    pubsub.get_message(timeout=10)

    def next_one() -> tuple[str, Any]:
        message = pubsub.get_message(timeout=10)
        assert message is not None, "nothing was published"
        return message["channel"].decode(), message["data"]

    yield next_one
    pubsub.close()
    client.close()


def test_the_environment(
    redis_server: RedisServer, published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", redis_server.url)
    server = sio.get_socketio_server()
    assert not server.running
    server.emit("hi", 1, room="r", namespace="/chat")
    assert published()[0] == "socket.io#/chat#r#"
    server.of("/chat").to("r").except_("x").volatile.emit("hi")
    assert published()[0] == "socket.io#/chat#r#"
    server.in_("r").sockets_join("s")
    server.sockets_leave("s")
    server.to("r").disconnect_sockets()
    server.server_side_emit("news", 1)
    server.of("/chat").server_side_emit("news", 1)
    channels = [published()[0] for _ in range(5)]
    assert channels == ["socket.io-request#/#"] * 4 + ["socket.io-request#/chat#"]
    server.send("text")
    assert msgpack.unpackb(published()[1])[1]["data"] == ["message", "text"]
    monkeypatch.setenv("SIOSERVE_REDIS_PREFIX", "shop")
    server.emit("hi")
    assert published()[0] == "shop#/#"


def test_the_settings_of_django(
    redis_server: RedisServer, published: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sio.get_socketio_server()
    settings.SIO_REDIS_URL = redis_server.url
    settings.SIO_REDIS_PREFIX = "shop"
    server.emit("hi")
    assert published()[0] == "shop#/#"
    monkeypatch.setenv("SIOSERVE_REDIS_PREFIX", "environment")
    server.emit("hi")
    assert published()[0] == "environment#/#"


@pytest.mark.parametrize("how", ["environment", "settings"])
def test_sharded(
    how: str, redis_server: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = redis.Redis.from_url(redis_server.url)
    pubsub = client.pubsub()
    pubsub.ssubscribe("socket.io#/#")
    pubsub.get_message(timeout=10)
    settings.SIO_REDIS_URL = redis_server.url
    if how == "environment":
        monkeypatch.setenv("SIOSERVE_REDIS_SHARDED", "yes")
    else:
        settings.SIO_REDIS_SHARDED = True
    sio.get_socketio_server().emit("hi")
    message = pubsub.get_sharded_message(timeout=10)
    assert message is not None
    assert message["data"].startswith(b'{"type":3')
    pubsub.close()
    client.close()


def test_an_emitter_of_one_s_own(redis_server: RedisServer, published: Any) -> None:
    server = sio.get_socketio_server()
    server.emitter = sio.RedisEmitter(redis_server.url, prefix="own")
    server.json_default = lambda value: f"<{type(value).__name__}>"
    server.emit("hi", object())
    channel, payload = published()
    assert channel == "own#/#"
    assert msgpack.unpackb(payload)[1]["data"] == ["hi", "<object>"]
    server.emitter.close()


def test_the_settings_are_read_again_but_the_connection_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = sio.get_socketio_server()
    assert server.emitter is None
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:1")
    first = server.emitter
    assert first is not None
    assert server.emitter is first
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:2")
    assert server.emitter is not first


# --- what can't work ---

CALLS: dict[str, Callable[[sio.SocketIOServer], Any]] = {
    "emit": lambda server: server.emit("news"),
    "chain": lambda server: server.of("/chat").to("r").volatile.emit("news"),
    "acks": lambda server: server.emit_with_ack("news"),
    "server side": lambda server: server.server_side_emit("news"),
    "join": lambda server: server.to("r").sockets_join("s"),
    "leave": lambda server: server.sockets_leave("s"),
    "disconnect": lambda server: server.of("/chat").disconnect_sockets(),
}


@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_configured(call: str) -> None:
    expected = "no Socket.IO server is running in this process, and no Redis is configured"
    with pytest.raises(RuntimeError, match=expected) as raised:
        CALLS[call](sio.get_socketio_server())
    assert "SIO_REDIS_URL" in str(raised.value)
    assert "SIOSERVE_REDIS" in str(raised.value)


NEED_ANSWERS: dict[str, Callable[[Any], Any]] = {
    "fetch sockets": lambda emitter: emitter.fetch_sockets(),
    "fetch sockets of a room": lambda emitter: emitter.of("/chat").to("r").fetch_sockets(),
    "emit 'q' with acknowledgements": lambda emitter: emitter.timeout(1).emit_with_ack("q"),
    "emit 'c' with acknowledgements": lambda emitter: emitter.emit("c", callback=print),
}
OF_THE_SERVER: dict[str, Callable[[Any], Any]] = {
    **NEED_ANSWERS,
    "tell the rooms": lambda server: server.of("/chat").rooms(),
    "with acknowledgements, to servers": lambda server: server.server_side_emit_with_ack("s"),
}


@pytest.mark.parametrize("call", OF_THE_SERVER)
def test_what_needs_answers(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:1")
    why = "which only publishes and gets no answers"
    with pytest.raises(RuntimeError, match=why):
        OF_THE_SERVER[call](sio.get_socketio_server())


@pytest.mark.parametrize("call", NEED_ANSWERS)
def test_what_needs_answers_of_an_emitter(call: str) -> None:
    with pytest.raises(RuntimeError, match=r"can't .*only publishes and gets no answers"):
        NEED_ANSWERS[call](sio.RedisEmitter("redis://127.0.0.1:1"))


def test_clients_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:1")
    with pytest.raises(RuntimeError, match="clients of this process"):
        sio.get_socketio_server().local.emit("news")


def test_the_namespaces_of_a_pattern(redis_server: RedisServer, published: Any) -> None:
    server = sio.get_socketio_server()
    boards = server.of(re.compile(r"/board-\d+"))
    server.emitter = sio.RedisEmitter(redis_server.url)
    with pytest.raises(RuntimeError, match=r"does not know them; emit to one by its name"):
        boards.emit("news")
    server.emit("news", namespace="/board-1")
    assert published()[0] == "socket.io#/board-1#"
    server.of("/board-2").emit("news")
    assert published()[0] == "socket.io#/board-2#"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1", "must specify one of the following schemes"),
        ("127.0.0.1:6379", "must specify one of the following schemes"),
        ("redis://u:secret@127.0.0.1:port", "Port could not be cast"),
        ("u:secret@127.0.0.1:6379", "must specify one of the following schemes"),
        ("redis:u:secret@[1", "must specify one of the following schemes|IPv6"),
    ],
)
def test_a_wrong_url(url: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", url)
    with pytest.raises(RuntimeError, match=f"is not the URL of a Redis server.*{why}") as raised:
        sio.get_socketio_server().emit("news")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"SIO_REDIS_URL": 6379}, "SIO_REDIS_URL must be a str, not int"),
        ({"SIO_REDIS_URL": "redis://x", "SIO_REDIS_PREFIX": b"x"}, "SIO_REDIS_PREFIX must be a s"),
    ],
)
def test_a_wrong_setting(given: dict[str, Any], why: str, settings: Any) -> None:
    for name, value in given.items():
        setattr(settings, name, value)
    with pytest.raises(RuntimeError, match=why):
        sio.get_socketio_server().emit("news")


def test_a_wrong_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:1")
    monkeypatch.setenv("SIOSERVE_REDIS_SHARDED", "maybe")
    with pytest.raises(RuntimeError, match='SIOSERVE_REDIS_SHARDED: "maybe" is neither'):
        sio.get_socketio_server().emit("news")


@pytest.mark.parametrize("how", ["environment", "settings"])
@pytest.mark.parametrize("call", ["emit", "chain", "join", "server side"])
def test_servers_that_do_not_read_what_is_published(
    how: str, call: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SIO_REDIS_URL = "redis://127.0.0.1:1"
    if how == "environment":
        settings.SIO_REDIS_FORMAT = "redis-adapter"
        monkeypatch.setenv("SIOSERVE_REDIS_FORMAT", "python-socketio")
    else:
        settings.SIO_REDIS_FORMAT = "python-socketio"
    with pytest.raises(RuntimeError, match=r"--redis-format python-socketio .*RedisManager"):
        CALLS[call](sio.get_socketio_server())


def test_another_way_to_servers_that_do_not_read_what_is_published(
    redis_server: RedisServer, published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", redis_server.url)
    monkeypatch.setenv("SIOSERVE_REDIS_FORMAT", "python-socketio")
    monkeypatch.setenv("SIOSERVE_CONTROL", "/nonexistent/control")
    server = sio.get_socketio_server()
    with pytest.raises(sio.PublishError, match="/nonexistent/control"):
        server.emit("news")
    server.emitter = sio.RedisEmitter(redis_server.url, prefix="other-servers")
    server.emit("news")
    assert published()[0] == "other-servers#/#"
    server.emitter.close()


def test_the_format_that_is_published(
    redis_server: RedisServer, published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", redis_server.url)
    monkeypatch.setenv("SIOSERVE_REDIS_FORMAT", "redis-adapter")
    sio.get_socketio_server().emit("news")
    assert published()[0] == "socket.io#/#"
    monkeypatch.setenv("SIOSERVE_REDIS_FORMAT", "pickle")
    with pytest.raises(RuntimeError, match=r'"pickle" is none of redis-adapter, python-socketio'):
        sio.get_socketio_server().emit("news")


@pytest.mark.parametrize("missing", ["redis", "msgpack"])
def test_a_missing_package(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:1")
    with pytest.raises(RuntimeError, match=r"pip install 'sioserve\[redis\]'"):
        sio.get_socketio_server().emit("news")
    with pytest.raises(RuntimeError, match=r"pip install 'sioserve\[redis\]'"):
        sio.RedisEmitter("redis://127.0.0.1:1")


def test_the_packages_are_imported_only_to_emit() -> None:
    code = """
        import sys, sio
        server = sio.get_socketio_server()
        try:
            server.emit("news")
        except RuntimeError:
            pass
        print({"redis", "msgpack"} & sys.modules.keys())
    """
    assert run(code).strip() == "set()"


@pytest.mark.parametrize("scheme", ["unix", "redis+unix"])
def test_a_unix_socket(scheme: str, tmp_path: pathlib.Path) -> None:
    server = RedisServer(tmp_path, "--unixsocket", str(tmp_path / "socket")).start()
    emitter = sio.RedisEmitter(f"{scheme}://{tmp_path}/socket")
    emitter.emit("hi")
    emitter.close()
    server.stop()


# --- with a server ---


def test_captured_emits_are_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", "redis://127.0.0.1:1")
    with captured_emits() as emits:
        sio.get_socketio_server().emit("news")
        asyncio.run(_await(sio.get_socketio_server().emit("more")))
    assert [emit.event for emit in emits] == ["news", "more"]


def test_a_child_that_a_server_s_process_has_forked(
    redis_server: RedisServer, published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIOSERVE_REDIS", redis_server.url)
    server = sio.get_socketio_server()
    with captured_emits() as emits:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                server.emit("from the child")
                status = int(server.running)
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
        server.emit("from the parent")
    assert [emit.event for emit in emits] == ["from the parent"]
    assert msgpack.unpackb(published()[1])[1]["data"] == ["from the child"]


async def _await(result: Any) -> None:
    await result


def run(code: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
