"""Rooms are owned by the native server: Python queries them and has no table."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import sio
from sioserve.testing import SioTestServer


class Chat(sio.SocketIOConsumer):
    namespace = "/"
    seen: list[Any]

    async def connect(self, socket: Any, auth: Any) -> bool:
        socket.join(["lobby", socket.id])
        return True

    async def event_late(self, socket: Any) -> None:
        self.seen.append(sorted(socket.rooms - {socket.id}))

    async def disconnect(self, socket: Any, reason: str) -> None:
        socket.join("too late")
        self.seen.append((socket.rooms - {socket.id}, socket.name_space.rooms()))


@pytest.fixture(autouse=True)
def seen() -> list[Any]:
    Chat.seen = []
    return Chat.seen


async def test_queries_include_the_effects_of_earlier_calls() -> None:
    async with SioTestServer(Chat) as server, server.client() as one, server.client() as two:
        chat = server.server.of("/")
        one.socket.join("a")
        two.socket.join(["a", "b"])
        one.socket.leave("lobby")
        assert one.socket.rooms == {"a", one.socket.id}
        assert chat.rooms() == {
            "a": {one.socket.id, two.socket.id},
            "b": {two.socket.id},
            "lobby": {two.socket.id},
            one.socket.id: {one.socket.id},
            two.socket.id: {two.socket.id},
        }
        assert set(chat.to("a").fetch_sockets()) == {one.socket, two.socket}
        assert chat.to("a").except_("b").fetch_sockets() == [one.socket]
        assert chat.to(two.socket.id).fetch_sockets() == [two.socket]
        assert one.socket.broadcast.fetch_sockets() == [two.socket]
        assert chat.to("nobody's").fetch_sockets() == []


async def test_a_client_cannot_join_the_room_of_another_client() -> None:
    async with SioTestServer(Chat) as server, server.client() as one, server.client() as two:
        with pytest.raises(ValueError, match="the id of another client"):
            one.socket.join(["x", two.socket.id])
        with pytest.raises(ValueError, match="the id of another client"):
            server.server.of("/").sockets_join([two.socket.id, "all"])
        assert one.socket.rooms == {"lobby", "all", one.socket.id}
        assert two.socket.rooms == {"lobby", "all", two.socket.id}


async def may_join_each_other(server: Any) -> bool:
    """Whether a client may join the room of another one; then it gets what is sent to that one."""
    async with server.client() as one, server.client() as two:
        try:
            one.socket.join(two.socket.id)
        except ValueError:
            assert two.socket.id not in one.socket.rooms
            return False
        assert two.socket.id in one.socket.rooms
        server.server.to(two.socket.id).emit("psst")
        assert await one.receive() == await two.receive() == ("psst",)
        return True


async def test_rooms_of_other_clients_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with SioTestServer(Chat) as server:
        assert server.server.allow_private_rooms is False
        assert not await may_join_each_other(server)
        monkeypatch.setattr(server.server, "_allow_private_rooms", None)  # restored after the test
        server.server.allow_private_rooms = True
        assert await may_join_each_other(server)


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_setting_allows_rooms_of_other_clients(
    allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SimpleNamespace(configured=True, SIO_ALLOW_PRIVATE_ROOMS=allowed)
    async with SioTestServer(Chat) as server:
        monkeypatch.setitem(sys.modules, "django.conf", SimpleNamespace(settings=settings))
        assert await may_join_each_other(server) == allowed
        # What code sets goes before the setting.
        monkeypatch.setattr(server.server, "_allow_private_rooms", None)  # restored after the test
        server.server.allow_private_rooms = not allowed
        assert await may_join_each_other(server) != allowed


async def test_handlers_can_query_the_rooms_of_a_disconnected_client(seen: list[Any]) -> None:
    async with SioTestServer(Chat) as server:
        async with server.client() as client:
            socket = client.socket
            await client.emit("late")  # handled after the native server has lost the client
            await client.lose_connection()
        await server.settle()
        assert seen[-1] == ({"lobby", "too late"}, {})
        assert seen[0] == ["lobby"]
        assert socket.rooms == set()


async def test_the_native_server_refuses_a_room_above_the_limit() -> None:
    async with SioTestServer(Chat, settings={"max_rooms": 3}) as server, server.client() as client:
        client.socket.join("a")
        client.socket.join("a")
        with pytest.raises(sio.TooManyRooms, match="3 rooms"):
            client.socket.join("b")
        assert client.socket.rooms == {"a", "lobby", client.socket.id}
        client.socket.leave("a")
        client.socket.join("b")
        assert server.server.counts()["rooms_refused"] == 1
        client.socket.leave("b")  # disconnect() joins another one


async def test_listeners_of_outgoing_events_get_the_events_for_their_socket() -> None:
    async with SioTestServer(Chat) as server, server.client() as one, server.client() as two:
        heard: list[Any] = []
        one.socket.on_any_outgoing(lambda *event: heard.append(event))
        two.socket.join("b")
        chat = server.server
        chat.to("b").emit("no")
        chat.except_("lobby").emit("no")
        one.socket.broadcast.emit("no")
        chat.to("lobby").emit("lobby")
        chat.except_("b").emit("except")
        chat.emit("all")
        assert heard == [("lobby",), ("except",), ("all",)]


async def test_room_events_of_the_native_server() -> None:
    told: list[tuple[str, ...]] = []
    async with SioTestServer(Chat) as server, server.client() as one:
        adapter = server.server.of("/").adapter
        for event in ("create-room", "join-room", "leave-room", "delete-room"):
            adapter.on(event)(lambda *args, event=event: told.append((event, *args)))
        async with server.client() as two:
            id = two.socket.id
            assert told == [("join-room", "lobby", id), ("create-room", id), ("join-room", id, id)]
            told.clear()
        await server.settle()
        left = {("leave-room", id, id), ("leave-room", "lobby", id), ("delete-room", id)}
        assert set(told) == left
        assert told.index(("leave-room", id, id)) + 1 == told.index(("delete-room", id))
        told.clear()
        one.socket.leave("lobby")
        one.socket.leave("lobby")
        assert told == [("leave-room", "lobby", one.socket.id), ("delete-room", "lobby")]
