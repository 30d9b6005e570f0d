"""The data and the actions of the Admin UI."""

from __future__ import annotations

import datetime
import gc
import itertools
import json
import logging
import re
from typing import Any

import pytest
import sio
import sio.admin
import sio.socketio.server
from sio.admin import access, rounds
from sio.admin.view import plain
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


def check(name: str, password: str) -> bool:
    return (name, password) == ("alice", "right")


def emitted(world: World, socket: int, event: str) -> list[list[Any]]:
    calls = [c[2][1:] for c in world.core.of("emit") if c[1] == socket and c[2][0] == event]
    calls += [c[2][1:] for c in world.core.of("broadcast") if c[2][0] == event]
    return calls


async def ask(world: World, auth: Any, namespace: str = "/admin") -> int:
    socket = world.ask(namespace, auth)
    await world.idle()
    return socket


async def enter(world: World) -> int:
    return await ask(world, {"username": "alice", "password": "right"})


async def test_name_and_password_then_the_session_id() -> None:
    sio.admin.instrument(auth=check)
    world = World()
    first = await ask(world, {"username": "alice", "password": "right"})
    [[session]] = emitted(world, first, "session")
    assert ("accept_socket", first) in world.core.calls
    again = await ask(world, {"sessionId": session})
    assert ("accept_socket", again) in world.core.calls


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"username": "alice", "password": "wrong"},
        {"username": "alice"},
        {"username": ["alice"], "password": {"right": 1}},
        {"sessionId": "made up"},
        {"sessionId": None},
        {"sessionId": 5},
    ],
)
async def test_invalid_credentials_are_refused(auth: Any) -> None:
    sio.admin.instrument(auth=check)
    world = World()
    socket = await ask(world, auth)
    assert world.core.of("refuse_socket") == [
        ("refuse_socket", socket, "invalid credentials", None)
    ]


async def test_a_session_id_expires_and_the_oldest_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(access.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(access, "MOST_SESSIONS", 2)
    sio.admin.instrument(auth=check)
    world = World()
    for _ in range(3):
        await enter(world)
    ids = [args[0] for args in itertools.chain(*(emitted(world, n, "session") for n in range(99)))]
    assert len(set(ids)) == 3

    async def is_let_in(id: str) -> bool:
        return ("accept_socket", await ask(world, {"sessionId": id})) in world.core.calls

    assert [await is_let_in(id) for id in ids] == [False, True, True]
    clock[0] += access.LIFETIME
    assert not await is_let_in(ids[2])


async def test_access_without_authentication_gives_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "sio.admin"):
        sio.admin.instrument(auth=False)
    assert "everybody may use the Admin UI" in caplog.text
    world = World()
    assert ("accept_socket", await ask(world, {})) in world.core.calls


def test_without_django_authentication_must_be_configured() -> None:
    with pytest.raises(ValueError, match="auth=False for everybody"):
        sio.admin.instrument()
    with pytest.raises(TypeError):
        sio.admin.instrument(auth=True)


async def test_the_first_data_for_an_administrator() -> None:
    sio.admin.instrument(auth=check, every_event=True, server_id="one")
    world = World()
    world.server.of("/chat").use_consumer(sio.SocketIOConsumer)
    headers = [(b"cookie", b"sessionid=secret"), (b"authorization", b"secret"), (b"x-a", b"1")]
    scope = {"type": "http", "headers": headers, "query_string": b"sid=secret&a=1", "path": "/s"}
    chatter = world.ask("/chat", session=world.open_session(scope, routed=True))
    await world.idle()
    sock = world.dispatcher._connections[chatter].socket
    sock.data["since"] = datetime.date(2026, 1, 2)
    sock.join("lobby")
    me = await enter(world)
    [[config]] = emitted(world, me, "config")
    assert {"EMIT", "MDISCONNECT", "ALL_EVENTS", "AGGREGATED_EVENTS"} <= set(
        config["supportedFeatures"]
    )
    [[sockets]] = emitted(world, me, "all_sockets")
    [shown] = [one for one in sockets if one["nsp"] == "/chat"]
    assert shown["id"] == sock.id
    assert shown["rooms"] == [sock.id, "lobby"]
    assert shown["data"] == {"since": "2026-01-02"}
    assert shown["handshake"]["headers"] == {"x-a": "1"}
    assert shown["handshake"]["query"] == {"a": "1"}
    assert "secret" not in str(shown)


async def test_the_numbers_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "INTERVAL", 0.01)
    sio.admin.instrument(auth=check, server_id="one")
    world = World()
    world.server.of("/chat").use_consumer(sio.SocketIOConsumer)
    await world.join("/chat")
    world.core.counted.update(sessions=2, polling_sessions=1, sessions_opened=2, bytes_in=100)
    me = await enter(world)
    [first] = emitted(world, me, "server_stats")[0]
    assert first["serverId"] == "one"
    assert {"name": "/chat", "socketsCount": 1} in first["namespaces"]
    assert first["clientsCount"] == 2
    assert first["pollingClientsCount"] == 1
    assert first["aggregatedEvents"] == [], "what has passed before somebody looked"

    async def charted() -> dict[str, int]:
        # The values of the next round but one, which has begun after this call.
        seen = len(emitted(world, me, "server_stats"))
        await world.core.until(lambda: len(emitted(world, me, "server_stats")) > seen + 1)
        rows = [
            row for [told] in emitted(world, me, "server_stats") for row in told["aggregatedEvents"]
        ]
        assert all(row["timestamp"] % 1000 == 0 for row in rows)
        return {row["type"]: row["count"] for row in rows}

    world.core.counted.update(sessions_opened=3, sessions_closed=1, bytes_in=5, bytes_out=7)
    world.core.counted.update(packets_in=2, packets_out=4)
    expected = {
        "rawConnection": 3,
        "rawDisconnection": 1,
        "bytesIn": 5,
        "bytesOut": 7,
        "packetsIn": 2,
        "packetsOut": 4,
    }
    assert await charted() == expected
    assert await charted() == expected, "each is told once"
    world.leave(me)
    await world.idle()


async def test_data_that_changes_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "INTERVAL", 0.01)
    sio.admin.instrument(auth=check, every_event=True)
    world = World()
    world.server.of("/chat").use_consumer(sio.SocketIOConsumer)
    sock = world.dispatcher._connections[await world.join("/chat")].socket
    sock.data["board"] = {"name": "one"}
    me = await enter(world)
    sock.data["board"]["name"] = "two"
    await world.core.until(lambda: emitted(world, me, "socket_updated"))
    seen = len(emitted(world, me, "server_stats"))
    await world.core.until(lambda: len(emitted(world, me, "server_stats")) > seen + 1)
    data = {"board": {"name": "two"}}
    assert emitted(world, me, "socket_updated") == [
        [{"id": sock.id, "nsp": "/chat", "data": data}]
    ], "once, and not what the administrator was shown at first"
    world.leave(me)
    await world.idle()


async def test_nothing_is_sent_without_administrators() -> None:
    sio.admin.instrument(auth=check, every_event=True)
    world = World()
    world.server.of("/chat").use_consumer(sio.SocketIOConsumer)
    chatter = await world.join("/chat")
    sock = world.dispatcher._connections[chatter].socket
    sock.join("lobby")
    sock.emit("hello")
    world.send(chatter, "question")
    world.leave(chatter)
    await world.idle()
    assert world.core.of("broadcast") == []


async def test_the_rooms_of_a_dynamic_namespace_are_shown_again_after_it_is_recreated() -> None:
    sio.admin.instrument(auth=check, every_event=True)
    world = World()

    class Board(sio.SocketIOConsumer):
        async def connect(self, socket: Any, auth: Any) -> bool:
            socket.join("all")
            return True

    world.server.of(re.compile("/board-[0-9]+")).use_consumer(Board)
    me = await enter(world)

    async def visit(room: str) -> None:
        visitor = await world.join("/board-1")
        sock = world.dispatcher._connections[visitor].socket
        sock.join(room)
        world.leave(visitor)
        await world.idle()

    await visit("first")
    gc.collect()
    await visit("second")
    rooms = [args[1] for args in emitted(world, me, "room_joined") if args[0] == "/board-1"]
    assert [room for room in rooms if not room.startswith("id")] == [
        "all",
        "first",
        "all",
        "second",
    ]


async def test_clients_rooms_and_events_are_shown_when_they_change() -> None:
    sio.admin.instrument(auth=check, every_event=True)
    world = World()
    world.server.of("/chat").use_consumer(sio.SocketIOConsumer)
    await enter(world)
    chatter = await ask(world, {}, "/chat")
    sock = world.dispatcher._connections[chatter].socket
    sock.join("lobby")
    sock.emit("hello", 1)
    world.send(chatter, "question", b"12345")
    await world.idle()
    sock.leave("lobby")
    world.leave(chatter)
    await world.idle()
    seen = [
        (call[2][0], *call[2][1:-1])
        for call in world.core.of("broadcast")
        if call[1] == "/admin" and call[2][1:] and call[2][0] != "server_stats"
    ]
    of_chatter = [entry for entry in seen if "/chat" in entry or entry[0] == "socket_connected"]
    assert [entry[0] for entry in of_chatter][-7:] == [
        "socket_connected",
        "room_joined",
        "event_sent",
        "event_received",
        "room_left",
        "socket_disconnected",
        "room_left",
    ]
    # A socket is in its own room, which the Admin UI lists.
    assert ("room_joined", "/chat", sock.id, sock.id) in seen
    assert seen[-1] == ("room_left", "/chat", sock.id, sock.id)
    assert ("event_sent", "/chat", sock.id, ["hello", 1]) in seen
    assert ("event_received", "/chat", sock.id, ["question", "<5 bytes>"]) in seen
    assert ("socket_disconnected", "/chat", sock.id, "client namespace disconnect") in seen


@pytest.mark.parametrize("name", ["/chat", "/admin"])
async def test_an_upgrade_is_shown(name: str) -> None:
    sio.admin.instrument(auth=check, every_event=True)
    world = World()
    world.server.of("/chat").use_consumer(sio.SocketIOConsumer)
    await enter(world)
    auth = {"username": "alice", "password": "right"}
    sock = world.dispatcher._connections[await ask(world, auth, name)].socket
    world.dispatcher.signalled(sock._session._number, "upgrade")
    await world.idle()
    [[shown]] = emitted(world, 0, "socket_updated")
    assert shown == {"id": sock.id, "nsp": name, "transport": sock.transport}


async def test_numbers_only_without_every_event() -> None:
    sio.admin.instrument(auth=check)
    world = World()
    me = await enter(world)
    [[config]] = emitted(world, me, "config")
    assert "ALL_EVENTS" not in config["supportedFeatures"]
    assert emitted(world, me, "all_sockets") == []
    await ask(world, {}, "/")
    assert [c for c in world.core.of("broadcast") if c[2][0] != "server_stats"] == []


async def test_actions_of_administrators() -> None:
    sio.admin.instrument(auth=check)
    world = World()
    world.server.of("/chat").use_consumer(sio.SocketIOConsumer)
    me = await enter(world)
    first, second = await ask(world, {}, "/chat"), await ask(world, {}, "/chat")
    one, two = (world.dispatcher._connections[n].socket for n in (first, second))
    for event in (
        ("join", "/chat", "lobby", None),
        ("join", "/chat", "stage", one.id),
        ("leave", "/chat", "lobby", two.id),
        ("emit", "/chat", "stage", "hello", 1, 2),
        ("emit", "/nowhere", None, "lost"),
    ):
        world.send(me, *event)
    await world.idle()
    assert (one.rooms, two.rooms) == ({"lobby", "stage"}, set())
    assert ("broadcast", "/chat", ["hello", 1, 2], ["stage"], []) in world.core.calls
    world.send(me, "_disconnect", "/chat", True, one.id)
    await world.idle()
    assert ("close_socket", first, True) in world.core.calls
    assert ("close_socket", second, True) not in world.core.calls


async def test_a_read_only_administrator_has_no_actions() -> None:
    sio.admin.instrument(auth=check, read_only=True)
    world = World()
    me = await enter(world)
    [[config]] = emitted(world, me, "config")
    assert config["supportedFeatures"] == ["AGGREGATED_EVENTS"]
    chatter = await ask(world, {}, "/")
    world.send(me, "_disconnect", "/", True)
    await world.idle()
    assert not any(call[:2] == ("close_socket", chatter) for call in world.core.calls)


def test_the_admin_ui_opens_no_native_path_of_its_own() -> None:
    sio.admin.instrument(auth=check)
    assert sio.registry.native_namespaces() == []
    sio.on("event")(lambda socket: None)
    assert sio.registry.native_namespaces() == ["/"]


def test_plain() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<odd>"

    class Worse:
        def __repr__(self) -> str:
            raise RuntimeError

    assert plain({"a": (1, Odd(), Worse()), "b": b"123", 4: None}) == {
        "a": [1, "<odd>", "<Worse>"],
        "b": "<3 bytes>",
        "4": None,
    }


async def test_administrators_can_connect_with_any_socket_data() -> None:
    sio.admin.instrument(auth=check, every_event=True)
    world = World()
    sock = world.dispatcher._connections[await world.join("/")].socket
    sock.data.update(nan=float("nan"), text="\ud800", odd={(1, 2): 3}, time=datetime.time.max)
    sock.data["time"] = sock.data["time"].replace(tzinfo=datetime.timezone.utc)
    me = await enter(world)
    [[[shown, *_]]] = emitted(world, me, "all_sockets")
    assert shown["data"]["nan"] == "NaN"
    assert shown["data"]["text"] == "?"
    json.dumps(shown, allow_nan=False).encode()
    sock.data["self"] = sock.data
    again = await enter(world)
    [[[shown, *_]]] = emitted(world, again, "all_sockets")
    assert isinstance(shown["data"], str)
