"""sioserve.testing.captured_emits: collects emitted events without a server."""

from __future__ import annotations

import decimal
import gc
import re
import threading
from typing import Any

import pytest
import sio
from sioserve.testing import Emitted, captured_emits, sio_client


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)


def announce(text: str) -> None:
    """The code of an application."""
    chat = sio.get_socketio_server().of("/chat")
    chat.to(["lobby", 7]).except_("muted").volatile.emit("said", text, decimal.Decimal("1.50"))


def test_captured_events_have_their_target() -> None:
    with captured_emits() as emits:
        announce("hello")
        sio.get_socketio_server().everyone().compress(False).emit("an image")
        sio.get_socketio_server().emit("to all", (1, 2), {"raw": [b"1", memoryview(b"2")]})
    assert emits == [
        Emitted(
            "said",
            ("hello", "1.50"),
            "/chat",
            rooms=frozenset({"lobby", "7"}),
            except_rooms=frozenset({"muted"}),
            volatile=True,
        ),
        Emitted("an image", (), compress=False),
        Emitted("to all", ([1, 2], {"raw": [b"1", b"2"]})),
    ]


def test_an_unencodable_value_raises() -> None:
    with captured_emits() as emits:
        with pytest.raises(TypeError, match=r"set is not JSON serializable at \$\[1\]\.a"):
            sio.get_socketio_server().emit("e", {"a": {1}})
        with pytest.raises(ValueError, match="NaN"):
            sio.get_socketio_server().emit("e", float("nan"))
    assert emits == []


def test_emits_of_other_threads_are_captured() -> None:
    with captured_emits() as emits:
        thread = threading.Thread(target=announce, args=["from a worker"])
        thread.start()
        thread.join()
    assert [emit.args[0] for emit in emits] == ["from a worker"]


def test_a_server_runs_only_inside_the_block() -> None:
    server = sio.get_socketio_server()
    assert not server.running
    with captured_emits():
        assert server.running
        assert server.counts()["sessions"] == 0
    assert not server.running
    with pytest.raises(RuntimeError, match="captured_emits"):
        announce("to nobody")


def test_a_block_that_raises_ends_the_capture() -> None:
    with pytest.raises(LookupError), captured_emits():
        raise LookupError
    assert not sio.get_socketio_server().running


async def test_emit_with_ack_has_no_answers_and_is_not_captured() -> None:
    with captured_emits() as emits:
        assert await sio.get_socketio_server().to("r").emit_with_ack("vote", timeout=1) == []
    assert emits == []


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_an_emit_with_a_callback_without_an_event_loop_leaves_no_coroutine_behind() -> None:
    with captured_emits() as emits:
        sio.get_socketio_server().emit("vote", callback=print)
        gc.collect()
    assert emits == []


async def test_while_a_server_runs_capturing_raises_and_clients_get_the_events() -> None:
    class Chat(sio.SocketIOConsumer):
        namespace = "/chat"

        async def connect(self, socket: Any, auth: Any) -> bool:
            await socket.join("lobby")
            return True

    async with sio_client(Chat) as client:
        with pytest.raises(RuntimeError, match="runs a Socket"), captured_emits():
            pass
        announce("to a client")
        assert await client.receive("said") == ["to a client", "1.50"]


def test_the_fixture(sio_emits: list[Emitted]) -> None:
    announce("hello")
    assert [emit.event for emit in sio_emits] == ["said"]


def test_dynamic_namespaces_can_be_emitted_to(sio_emits: list[Emitted]) -> None:
    server = sio.get_socketio_server()
    server.of(re.compile("/emits-[0-9]+"))
    server.emit("news", 1, namespace="/emits-3")
    assert sio_emits == [Emitted("news", (1,), "/emits-3")]
