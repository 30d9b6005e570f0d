"""sioserve.testing.socketio_client: Socket.IO handlers tested without a network."""

from __future__ import annotations

import asyncio
import decimal
import gc
import logging
import re
import threading
import weakref
from typing import Any

import pytest
import sio
from sioserve.testing import SioTestServer, sio_client


class Chat(sio.SocketIOConsumer):
    namespace = "/chat"

    async def connect(self, socket: Any, auth: Any) -> bool:
        if auth.get("token") == "wrong":
            raise sio.ConnectionRefused("no such token", {"hint": ("try", decimal.Decimal("1.5"))})
        await socket.join("lobby")
        socket.emit("welcome", auth)
        return auth.get("token") != "none"

    async def event_say(self, socket: Any, text: str) -> None:
        socket.server.emit("said", text, room="lobby", namespace="/chat")

    async def event_echo(self, socket: Any, *args: Any, ack: Any = None) -> None:
        await ack(*args)

    async def event_leave(self, socket: Any) -> None:
        socket.leave("lobby")

    async def event_fail(self, socket: Any) -> None:
        raise LookupError("the handler's own")

    async def event_ask(self, socket: Any) -> None:
        answer = await socket.emit_with_ack("question", 6, 7)
        socket.emit("answered", answer)

    def event_thread(self, socket: Any) -> None:
        socket.emit("thread", threading.current_thread().name)

    async def event_kick(self, socket: Any) -> None:
        socket.disconnect(close=True)

    async def event_types(self, socket: Any) -> None:
        socket.emit("types", (1, 2), decimal.Decimal("2.50"), b"\x00", {"n": None})

    async def event_never(self, socket: Any) -> None:
        await asyncio.Event().wait()

    async def disconnect(self, socket: Any, reason: str) -> None:
        socket.server.emit("left", socket.reference_reason, room="lobby", namespace="/chat")


class Admin(sio.SocketIOConsumer):
    namespace = "/admin"

    async def event_who(self, socket: Any, ack: Any = None) -> None:
        await ack(socket.user, socket.session, socket.handshake.query.get("tab"))


async def test_events_and_answers() -> None:
    async with sio_client(Chat, auth={"token": "good"}) as c:
        assert c.connected
        assert await c.receive("welcome") == {"token": "good"}
        await c.emit("say", "hello")
        assert await c.receive("said") == "hello"
        assert await c.call("echo", 1) == 1
        assert await c.call("echo") is None
        assert await c.call("echo", 1, [b"two"]) == [1, [b"two"]]
        assert c.received == [("welcome", {"token": "good"}), ("said", "hello")]
        assert c.socket.rooms == {"lobby"}
        assert c.socket.id == c.id
        assert await c.received_nothing()
    assert not c.connected


async def test_the_server_counts_its_clients() -> None:
    async with sio_client(Chat) as c:
        counts = c.server.server.counts()
        assert (counts["sessions"], counts["polling_sessions"], counts["sockets"]) == (1, 0, 1)
        await c.call("echo", "x")
        assert c.server.server.counts()["packets_in"] == counts["packets_in"] + 1
        assert c.server.server.counts()["packets_out"] == counts["packets_out"] + 1


async def test_received_values_were_encoded_by_the_server() -> None:
    async with sio_client(Chat) as c:
        await c.emit("types")
        assert await c.receive("types") == [[1, 2], "2.50", b"\x00", {"n": None}]
        with pytest.raises(TypeError, match="Decimal"):
            await c.emit("say", decimal.Decimal(1))
        with pytest.raises(TypeError, match=r"\$\[1\]\.x"):
            c.socket.emit("x", {"x": object()})


async def test_a_refused_client_gets_message_and_data() -> None:
    client = sio_client(Chat, auth={"token": "wrong"})
    with pytest.raises(sio.ConnectionRefused, match="no such token") as caught:
        await client.__aenter__()
    assert caught.value.data == {"hint": ["try", "1.5"]}
    assert client.refused is caught.value
    with pytest.raises(sio.ConnectionRefused, match="Not authorized"):
        async with sio_client(Chat, auth={"token": "none"}):
            pass


async def test_clients_see_each_other() -> None:
    async with sio_client(Chat) as ann, sio_client(Chat) as bob, sio_client(Admin) as eve:
        assert ann.server is bob.server is eve.server
        await ann.emit("say", "hi")
        assert await bob.receive("said") == "hi"
        await bob.call("leave")
        await ann.emit("say", "alone")
        await ann.settle()
        assert [event for event in bob.received if event[0] == "said"] == [("said", "hi")]
        assert eve.received == []
        await bob.disconnect()
        assert await ann.receive("left") == "client namespace disconnect"


@pytest.mark.parametrize("how", ["disconnect", "lose_connection"])
async def test_disconnect_handlers_have_run_after_a_client_disconnects(how: str) -> None:
    async with sio_client(Chat) as ann, sio_client(Chat) as bob:
        await getattr(bob, how)()
        reason = "client namespace disconnect" if how == "disconnect" else "transport close"
        assert ann.received[-1] == ("left", reason) or await ann.receive("left") == reason
        assert bob.socket.finished
        with pytest.raises(RuntimeError, match="not connected"):
            await bob.emit("say", "x")


async def test_the_server_ends_the_connection() -> None:
    async with sio_client(Chat) as c:
        await c.emit("kick")
        await c.disconnected()


async def test_the_client_answers_the_server() -> None:
    async with sio_client(Chat) as c:
        c.on("question", lambda a, b: a * b)
        await c.emit("ask")
        assert await c.receive("answered") == 42
        c.answer("question", "a", "b")
        await c.emit("ask")
        assert await c.receive("answered") == ["a", "b"]

        async def slowly(*_: Any) -> None:
            await asyncio.sleep(0)

        c.on("question", slowly)
        await c.emit("ask")
        assert await c.receive("answered") is None


async def test_exceptions_of_handlers_are_raised_at_the_end(caplog: Any) -> None:
    with pytest.raises(LookupError, match="the handler's own"):
        async with sio_client(Chat) as c:
            assert await c.call("fail") == {"error": "Internal server error"}
            assert await c.call("echo", "it goes on") == "it goes on"
    assert "the handler's own" in caplog.text


async def test_expected_exceptions_can_be_taken_out() -> None:
    async with sio_client(Chat) as c:
        await c.call("fail")
        assert isinstance(c.server.handler_errors.pop(), LookupError)
    async with sio_client(Chat, raise_handler_errors=False) as c:
        await c.call("fail")


async def test_the_test_s_own_failure_comes_first() -> None:
    with pytest.raises(ZeroDivisionError):
        async with sio_client(Chat) as c:
            await c.call("fail")
            raise ZeroDivisionError


async def test_a_timeout_lists_the_received_events() -> None:
    async with sio_client(Chat, raise_handler_errors=False) as c:
        with pytest.raises(TimeoutError, match=r"no event 'other'; unread are \[\('welcome'"):
            await c.receive("other", timeout=0.01)
        await c.call("fail")
        with pytest.raises(TimeoutError) as caught:
            await c.receive("other", timeout=0.01)
        assert isinstance(caught.value.__cause__, LookupError)


async def test_a_handler_that_never_ends_does_not_block_the_test() -> None:
    with pytest.raises(TimeoutError, match="handlers still run"):
        async with sio_client(Chat, timeout=0.05) as c:
            await c.emit("never")
            with pytest.raises(TimeoutError, match="a handler still runs"):
                await c.settle()


async def test_the_user_of_a_client() -> None:
    options = {"user": "ann", "session": {"cart": 3}, "query": {"tab": "2"}}
    async with sio_client(Admin, **options, headers={"X-A": "b"}, cookies={"c": "d"}) as c:
        assert await c.call("who") == ["ann", {"cart": 3}, "2"]
        assert c.socket.handshake.headers["x-a"] == "b"
        assert c.socket.handshake.headers["cookie"] == "c=d"
        assert c.socket.handshake.address == "127.0.0.1"


async def test_two_namespaces_on_one_connection() -> None:
    async with sio_client(Chat) as c, sio_client(Admin, beside=c) as admin:
        assert await admin.call("who") == [None, None, None]
        assert admin.socket.eio.sid == c.socket.eio.sid
        await c.disconnect()
        assert await admin.call("who") == [None, None, None]


async def test_sync_handlers_and_threads() -> None:
    async with sio_client(Chat) as c:
        await c.emit("thread")
        assert await c.receive("thread") != threading.current_thread().name
        await asyncio.to_thread(sio.get_socketio_server().of("/chat").emit, "from a thread", 1)
        assert await c.receive("from a thread") == 1


async def test_an_unknown_namespace() -> None:
    with pytest.raises(sio.ConnectionRefused, match="Invalid namespace"):
        async with sio_client(Chat, namespace="/nowhere"):
            pass


class Board(sio.SocketIOConsumer):
    namespace = re.compile(r"/board-(\d+)")  # type: ignore[assignment]

    async def event_number(self, socket: Any, ack: Any = None) -> None:
        await ack(socket.name_space.match[1])


async def test_dynamic_namespaces() -> None:
    async with sio_client(Board, namespace="/board-7") as c:
        assert await c.call("number") == "7"
        assert "/board-7" in {namespace.name for namespace in c.server.server.namespaces()}
    assert sio.get_socketio_server().parent_namespaces() == []
    with pytest.raises(ValueError, match="Board serves all namespaces that fit"):
        sio_client(Board)


async def test_a_client_stays_connected_when_the_test_advances_the_time() -> None:
    async with sio_client(Chat) as c:
        c.server.advance(86_400)
        assert await c.call("echo", "still here") == "still here"


async def test_a_server_before_any_client() -> None:
    async with SioTestServer(Chat, settings={"max_payload_bytes": 100}) as server:
        sio.get_socketio_server().of("/chat").emit("nobody hears it")
        async with server.client() as c:
            await c.emit("say", "x" * 200)
            await c.disconnected()


async def test_registrations_do_not_leak() -> None:
    server = sio.get_socketio_server()
    before = {name: namespace.table for name, namespace in server._namespaces.items()}
    called: list[str] = []
    async with sio_client(Chat) as c:
        assert sio.get_socketio_server() is server

        @sio.on("extra", namespace="/chat")
        async def extra(socket: Any) -> None:
            pass

        @server.of("/chat").use
        async def refuse(socket: Any, auth: Any) -> None:
            raise sio.ConnectionRefused("middleware of the test")

        server.register_connect_hook(lambda socket: called.append("hook"))
        server.on_new_namespace(lambda namespace: called.append(namespace.name))
        server.of("/more")
        assert called == ["/more"]
        await c.call("extra")
        with pytest.raises(sio.ConnectionRefused, match="middleware of the test"):
            async with sio_client(Chat):
                pass
    assert {name: namespace.table for name, namespace in server._namespaces.items()} == before
    async with sio_client(Chat) as c:
        assert await c.call("extra", "no handler: its arguments") == "no handler: its arguments"
        server.of("/even more")
    assert called == ["/more"]
    with pytest.raises(RuntimeError, match=r"no Socket\.IO server is running"):
        server.emit("x")


async def test_registered_consumers_of_the_process_are_used() -> None:
    server = sio.get_socketio_server()

    async with SioTestServer(raise_handler_errors=True):
        sio.register(Admin)
        server.of("/admin").use(lambda socket, auth: socket.data.update(seen=True))
        async with sio_client("/admin", user="ann") as c:
            assert (await c.call("who"))[0] == "ann"
            assert c.socket.data == {"seen": True}
            async with sio_client(Chat):  # in addition to the registered consumers
                pass


async def test_a_second_server_is_refused() -> None:
    async with SioTestServer(Chat):
        with pytest.raises(RuntimeError, match="runs already"):
            await SioTestServer(Chat).__aenter__()


async def test_nothing_is_left_behind() -> None:
    async with sio_client(Chat) as c:
        core = weakref.ref(c.server)
        dispatcher = weakref.ref(c.server._dispatcher)
    del c
    gc.collect()
    assert core() is None
    assert dispatcher() is None


def test_a_server_of_another_loop_is_named() -> None:
    client = sio_client(Chat)

    async def enter() -> None:
        await client.__aenter__()

    asyncio.run(enter())
    try:
        with pytest.raises(RuntimeError, match="has not left its `async with` block"):
            asyncio.run(sio_client(Chat).__aenter__())
    finally:
        client.server.abandon()
    with pytest.raises(RuntimeError, match=r"no Socket\.IO server is running"):
        sio.get_socketio_server().emit("x")


async def test_the_fixture(request: Any) -> None:
    assert request.getfixturevalue("sio_client") is sio_client


def test_under_asyncio_run(caplog: Any) -> None:
    caplog.set_level(logging.DEBUG, "sio")

    async def main() -> None:
        async with sio_client(Chat) as c:
            assert await c.call("echo", 1) == 1

    asyncio.run(main())
