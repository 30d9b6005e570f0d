"""Native registration, routed consumers, and which clients may use which namespace."""

from __future__ import annotations

import pytest
import sio
import sio.socketio.server
from sio import SocketIOConsumer, registry
from sio.engineio import EngineIOWebSocketConsumer, LongPollingConsumer
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    monkeypatch.setattr(sio.socketio.server, "_server", None)


def make_consumer(name="/chat"):
    class Consumer(SocketIOConsumer):
        namespace = name

        async def connect(self, socket, auth):
            return True

        async def event_hello(self, socket):
            socket.emit("hi")

    return Consumer


# --- native registration ---


async def test_register_makes_a_namespace_native():
    consumer = make_consumer()
    assert registry.native_namespaces() == []
    assert sio.register(consumer) is consumer
    sio.register(consumer)
    assert registry.native_namespaces() == ["/chat"]
    assert registry.namespaces() == ["/", "/chat"]


async def test_as_asgi_does_not_make_a_namespace_native():
    make_consumer().as_asgi()
    assert registry.native_namespaces() == []
    assert registry.namespaces() == ["/", "/chat"]


async def test_namespace_names_get_their_slash():
    sio.register(make_consumer("chat"))
    assert registry.native_namespaces() == ["/chat"]


async def test_clients_of_the_native_path_reach_native_consumers_only():
    sio.register(make_consumer())

    class Routed(SocketIOConsumer):
        namespace = "/chat"

        async def connect(self, socket, auth):
            raise AssertionError("nobody has checked this client")

        async def event_secret(self, socket):
            raise AssertionError("nobody has checked this client")

    Routed.as_asgi()
    world = World()
    socket = world.ask("/chat", session=world.open_session())
    world.send(socket, "hello")
    world.send(socket, "secret", 1, ack_id=1)
    await world.idle()
    assert world.core.of("emit", "ack") == [
        ("emit", socket, ["hi"], None),
        ("ack", socket, 1, [1]),
    ]


async def test_function_handlers():
    seen = []

    @sio.on("connect", namespace="/f")
    async def connect(socket, auth):
        return auth.get("ok")

    @sio.on("add", namespace="/f")
    async def add(socket, a, b, ack=None):
        ack(a + b)

    @sio.on("sync", namespace="/f")
    def sync(socket, value):
        seen.append(value)

    @sio.on("disconnect", namespace="/f")
    async def disconnect(socket, reason):
        seen.append(reason)

    assert registry.native_namespaces() == ["/f"]
    world = World()
    refused = world.ask("/f")
    await world.idle()
    assert world.core.calls[-1] == ("refuse_socket", refused, "Not authorized", None)
    socket = await world.join("/f", {"ok": 1})
    world.send(socket, "add", 1, 2, ack_id=3)
    world.send(socket, "sync", "v", ack_id=4)
    world.leave(socket)
    await world.idle()
    assert world.core.of("ack") == [("ack", socket, 3, [3]), ("ack", socket, 4, [])]
    assert seen == ["v", "client_disconnect"]


async def test_functions_beside_a_consumer():
    sio.register(make_consumer())

    @sio.on("other", namespace="/chat")
    async def other(socket):
        socket.emit("from function")

    world = World()
    socket = await world.join("/chat")
    world.send(socket, "hello")
    world.send(socket, "other")
    await world.idle()
    assert [c[2] for c in world.core.of("emit")] == [["hi"], ["from function"]]


@pytest.mark.parametrize("event", ["connect", "hello"])
async def test_second_handler_of_an_event_is_an_error(event):
    sio.register(make_consumer())
    with pytest.raises(ValueError, match="is handled by"):
        sio.on(event, namespace="/chat")(lambda *args: True)


async def test_failed_registration_changes_nothing():
    sio.on("hello", namespace="/chat")(lambda *args: None)
    with pytest.raises(ValueError, match="is handled by"):
        sio.register(make_consumer())
    namespace = sio.get_socketio_server().of("/chat")
    assert namespace.table.consumer_classes == []
    assert "connect" not in namespace.table._handlers


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/a,b", "a comma ends"),
        ("a,b", "a comma ends"),
        ("/a?b=1", "a query begins"),
        ("/?", "a query begins"),
        ("/a\nb", "control characters"),
        ("/\0", "control characters"),
        ("/a\x7f", "control characters"),
        ("/" + "a" * 1024, "a name has at most 1,024 bytes"),
        ("/" + "é" * 512, "a name has at most 1,024 bytes"),
        ("é" * 512, "a name has at most 1,024 bytes"),
        ("/a\ud800", "a lone surrogate"),
    ],
)
@pytest.mark.parametrize("has_function", [False, True])
def test_names_that_no_client_can_send_are_refused(name, why, has_function):
    if has_function:
        sio.get_socketio_server().of(lambda name, auth: True)
    match = f"can't be reached by clients: {why}"
    with pytest.raises(ValueError, match=match) as raised:
        sio.get_socketio_server().of(name)
    assert len(str(raised.value)) < 200
    with pytest.raises(ValueError, match=match):
        sio.register(make_consumer(name))
    with pytest.raises(ValueError, match=match):
        sio.on("hello", namespace=name)(lambda socket: None)
    assert registry.namespaces() == ["/"]


@pytest.mark.parametrize("name", ["/" + "a" * 1023, "/" + "é" * 511, "/\x80", "/\U0001f600 b"])
def test_names_that_clients_can_send_are_accepted(name):
    assert sio.get_socketio_server().of(name).name == name


async def test_reserved_names_are_no_events():
    with pytest.raises(ValueError, match="reserved"):
        sio.on("disconnecting")


# --- the older API: Namespace.on and on_connect ---


async def test_namespace_listeners_get_a_list_and_ack():
    got = []
    namespace = sio.get_socketio_server().of("/old")

    @namespace.on_connect
    async def connect(socket, auth):
        return auth["in"]

    @namespace.on("e")
    async def listener(socket, args, ack):
        got.append((args, ack is None))
        if ack:
            await ack("done")

    world = World()
    socket = await world.join("/old", {"in": True})
    world.send(socket, "e", 1, 2)
    world.send(socket, "e", ack_id=5)
    await world.idle()
    assert got == [([1, 2], True), ([], False)]
    assert world.core.of("ack") == [("ack", socket, 5, ["done"])]


# --- access ---


async def test_native_client_may_not_use_a_namespace_that_is_only_routed(caplog):
    make_consumer().as_asgi()
    world = World()
    socket = world.ask("/chat", session=world.open_session())
    assert world.core.calls[-1] == ("refuse_socket", socket, "Invalid namespace")
    assert "as_asgi() only" in caplog.text


async def test_routed_client_may_use_every_namespace():
    make_consumer("/a").as_asgi()
    sio.register(make_consumer("/b"))
    world = World()
    session = world.open_session(routed=True)
    for name in ("/", "/a", "/b"):
        socket = world.ask(name, session=session)
        await world.idle()
        assert world.core.calls[-1] == ("accept_socket", socket)


async def test_native_client_may_use_registered_and_empty_namespaces():
    sio.register(make_consumer())
    world = World()
    session = world.open_session()
    for name in ("/", "/chat"):
        socket = world.ask(name, session=session)
        await world.idle()
        assert world.core.calls[-1] == ("accept_socket", socket)


# --- routed consumers ---


async def run(app, scope, *messages):
    incoming, sent = list(messages), []

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    assert incoming == []
    return sent


@pytest.mark.parametrize("mount", [make_consumer, lambda: LongPollingConsumer])
async def test_http_handshake_is_handed_over(mount):
    scope = {"type": "http", "extensions": {"sioserve.engineio": {}}, "user": "u"}
    (message,) = await run(mount().as_asgi(), scope)
    assert message["type"] == "sioserve.engineio.accept"
    assert message["scope"]["user"] == "u"
    world = World()
    world.dispatcher.session_opened(1, message["scope"])
    assert world.dispatcher._sessions.peek(1, None).is_routed


@pytest.mark.parametrize("mount", [make_consumer, lambda: EngineIOWebSocketConsumer])
async def test_websocket_handshake_is_handed_over_after_connect(mount):
    scope = {"type": "websocket", "extensions": {"sioserve.engineio": {}}}
    (message,) = await run(mount().as_asgi(), scope, {"type": "websocket.connect"})
    assert message == {"type": "sioserve.engineio.accept", "scope": scope}


async def test_disconnected_websocket_is_not_handed_over():
    scope = {"type": "websocket", "extensions": {"sioserve.engineio": {}}}
    assert await run(make_consumer().as_asgi(), scope, {"type": "websocket.disconnect"}) == []


@pytest.mark.parametrize("scope", [{"type": "http"}, {"type": "websocket", "extensions": None}])
async def test_other_servers_get_a_clear_error(scope):
    with pytest.raises(RuntimeError, match="needs the server sioserve"):
        await run(make_consumer().as_asgi(), scope)


async def test_other_scopes_get_a_clear_error():
    with pytest.raises(RuntimeError, match="'lifespan'"):
        await run(make_consumer().as_asgi(), {"type": "lifespan"})


async def test_one_consumer_may_be_mounted_on_several_paths():
    consumer = make_consumer()
    assert consumer.as_asgi() is not consumer.as_asgi()


# --- wrong use of decorators ---


def test_a_decorator_without_the_event_s_name_raises():
    async def event_say(socket, text): ...

    for decorator in (sio.on, sio.event):
        with pytest.raises(TypeError, match=rf"@sio.{decorator.__name__}\('say'\), not function"):
            decorator(event_say)


@pytest.mark.parametrize("wrong", [print, object, SocketIOConsumer(), None])
def test_only_consumers_can_be_registered(wrong):
    with pytest.raises(TypeError, match="takes a subclass of SocketIOConsumer"):
        sio.register(wrong)


def test_on_does_not_accept_methods():
    with pytest.raises(TypeError, match=r"Consumer.say is a method: @sio.event\('say'\)"):

        class Consumer(SocketIOConsumer):
            @sio.on("say")
            async def say(self, socket): ...

    class Handlers:
        @staticmethod
        @sio.on("say")
        async def say(socket): ...

    assert registry.native_namespaces() == ["/"]
