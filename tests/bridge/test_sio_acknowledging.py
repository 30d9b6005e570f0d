"""When the server acknowledges an event by itself, and when it leaves that to the handler."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio import registry
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


async def acks(namespace: str, *events: str, world: World | None = None) -> dict[str, list[Any]]:
    """The acknowledgement of each event, sent with the argument 1, that got one."""
    world = world or World()
    socket = await world.join(namespace)
    for number, event in enumerate(events):
        world.send(socket, event, 1, ack_id=number)
    await world.idle()
    assert world.core.events_done_of(socket) == len(events)
    return {events[number]: args for _, _, number, args in world.core.of("ack")}


class Consumer(sio.SocketIOConsumer):
    namespace = "/acks"

    async def event_automatic(self, socket: Any, *args: Any) -> None: ...

    @sio.event(ack="explicit")
    async def event_silent(self, socket: Any, *args: Any) -> None: ...

    @sio.event("a name", ack="explicit")
    @sio.event("other")
    async def two_names(self, socket: Any, *args: Any) -> None: ...

    @sio.event(ack="explicit")
    async def plain(self, socket: Any, *args: Any, ack: Any = None) -> None:
        ack("plain")

    @sio.event(ack="explicit")
    async def event_broken(self, socket: Any, *args: Any) -> None:
        raise ValueError("on purpose")


async def test_explicit_handlers_are_not_acknowledged_when_they_return() -> None:
    Consumer.as_asgi()
    assert await acks("/acks", "automatic", "silent", "a name", "other", "plain") == {
        "automatic": [],
        "plain": ["plain"],
    }


async def test_a_client_of_an_explicit_handler_that_fails_gets_the_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    Consumer.as_asgi()
    assert await acks("/acks", "broken") == {"broken": [{"error": "Internal server error"}]}


async def test_explicit_functions_and_listeners() -> None:
    @sio.on("connect", namespace="/f")
    async def connect(socket: Any, auth: Any) -> bool:
        socket.on("listener", sio.event(ack="explicit")(lambda *args: None))
        return True

    @sio.on("explicit", namespace="/f", ack="explicit")
    @sio.on("automatic", namespace="/f")
    async def both(socket: Any, *args: Any) -> None: ...

    assert await acks("/f", "explicit", "automatic", "listener") == {"automatic": []}


async def test_one_explicit_handler_of_several_is_enough() -> None:
    class Other(sio.SocketIOConsumer):
        namespace = "/acks"

        @sio.event("automatic", ack="explicit")
        async def also(self, socket: Any, *args: Any) -> None: ...

    Consumer.as_asgi()
    Other.as_asgi()
    assert await acks("/acks", "automatic") == {}


async def test_unknown_events_are_acknowledged_with_their_arguments() -> None:
    Consumer.as_asgi()
    assert await acks("/acks", "unknown") == {"unknown": [1]}


async def test_unknown_events_need_not_be_acknowledged() -> None:
    sio.get_socketio_server().ack_unknown_events = False
    Consumer.as_asgi()
    assert await acks("/acks", "unknown", "automatic") == {"automatic": []}


async def test_a_setting_decides_about_unknown_events(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SimpleNamespace(configured=True, SIO_ACK_UNKNOWN_EVENTS=False)
    monkeypatch.setitem(sys.modules, "django.conf", SimpleNamespace(settings=settings))
    Consumer.as_asgi()
    assert await acks("/acks", "unknown") == {}


# --- any event, as a function ---


async def test_a_function_for_any_event() -> None:
    seen: list[Any] = []

    @sio.on("known", namespace="/any")
    async def known(socket: Any, *args: Any) -> None: ...

    @sio.any_event(namespace="/any")
    async def anything(socket: Any, event: str, *args: Any, ack: Any = None) -> None:
        seen.append((event, *args))
        ack("anything")

    assert registry.native_namespaces() == ["/any"]
    assert await acks("/any", "known", "un known") == {"known": [], "un known": ["anything"]}
    assert seen == [("un known", 1)]


async def test_a_function_for_any_event_acknowledges_as_others_do() -> None:
    @sio.any_event(namespace="/automatic")
    def automatic(socket: Any, event: str, *args: Any) -> None: ...

    @sio.any_event(namespace="/explicit", ack="explicit")
    async def explicit(socket: Any, event: str, *args: Any) -> None: ...

    class Method(sio.SocketIOConsumer):
        namespace = "/method"

        @sio.any_event(ack="explicit")
        async def anything(self, socket: Any, event: str, *args: Any) -> None: ...

    Method.as_asgi()
    world = World()
    answered = [len(await acks(f"/{n}", "e", world=world)) for n in ("explicit", "method")]
    assert answered == [0, 0]
    assert await acks("/automatic", "e", world=world) == {"e": []}


def test_a_namespace_has_one_such_function() -> None:
    @sio.any_event(namespace="/any")
    def first(socket: Any, event: str, *args: Any) -> None: ...

    with pytest.raises(ValueError, match=r"handled by .*first"):

        @sio.any_event(namespace="/any")
        def second(socket: Any, event: str, *args: Any) -> None: ...


def test_wrong_uses_are_refused() -> None:
    with pytest.raises(ValueError, match="explicit"):
        sio.event("e", ack="never")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="explicit"):
        sio.on("e", ack="never")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="reserved"):

        @sio.event()
        def event_disconnect(self: Any, socket: Any) -> None: ...

    with pytest.raises(TypeError, match="is a method"):

        class Wrong(sio.SocketIOConsumer):
            @sio.any_event(namespace="/any")
            async def anything(self, socket: Any, event: str, *args: Any) -> None: ...
