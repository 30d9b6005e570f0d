"""The Admin UI shows the clients of all servers of a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from support.engineio import Session, WebSocketSession
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

ADMIN, CHAT = "/admin", "/chat"


@pytest.fixture(scope="module", params=[[], ["--workers", "2"]], ids=["", "workers"])
def servers(
    request: pytest.FixtureRequest, redis_server: RedisServer
) -> Iterator[list[ServerProcess]]:
    options = ["--redis", redis_server.url, *request.param]
    started = [
        ServerProcess("administrated:application", *options, cwd=APPS).start() for _ in range(2)
    ]
    with redis.Redis.from_url(redis_server.url) as client:
        for name in (ADMIN, CHAT):
            channel = f"socket.io-request#{name}#"
            eventually(lambda c=channel: client.pubsub_numsub(c)[0][1] == 2)
    yield started
    for server in started:
        server.stop()


async def until(session: Session, matches: Callable[[list[Any]], bool]) -> list[Any]:
    while True:
        event = await session.next_event(ADMIN)
        if matches(event):
            return event


async def test_an_administrator_sees_the_clients_of_all_servers(
    servers: list[ServerProcess],
) -> None:
    first, second = servers
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for server in (first, second, second, second):
            session = await stack.enter_async_context(WebSocketSession(server.url))
            clients.append((session, await session.join_namespace(CHAT)))
        admin = await stack.enter_async_context(WebSocketSession(first.url))
        await admin.join_namespace(ADMIN)
        shown = await until(admin, lambda event: event[0] == "all_sockets")
        in_chat = {view["id"]: view for view in shown[1] if view["nsp"] == CHAT}
        assert in_chat.keys() == {id for _, id in clients}
        assert all("room" in view["rooms"] for view in in_chat.values())
        for value, (session, id) in enumerate(clients):
            await session.emit("keep", value, namespace=CHAT)
            await until(
                admin,
                lambda e, id=id, v=value: e[:4] == ["event_received", CHAT, id, ["keep", v]],
            )
            wanted = {"id": id, "nsp": CHAT, "data": {"kept": value}}
            await until(admin, lambda e, w=wanted: e == ["socket_updated", w])
        statistics: dict[int, dict[str, Any]] = {}
        while len(statistics) < 2:
            stats = (await until(admin, lambda e: e[0] == "server_stats"))[1]
            statistics[stats["clientsCount"]] = stats
        assert statistics.keys() == {2, 3}  # an administrator is a client too
        # Long after the administrator has connected, the other server still tells what happens.
        late = await stack.enter_async_context(WebSocketSession(second.url))
        id = await late.join_namespace(CHAT)
        await until(admin, lambda e: e[0] == "socket_connected" and e[1]["id"] == id)
        await until(admin, lambda e: e[0] == "server_stats" and e[1]["clientsCount"] == 4)
        await admin.emit("_disconnect", CHAT, False, id, namespace=ADMIN)
        assert await late.next_message() == "41/chat,"
