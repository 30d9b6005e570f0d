"""The Admin UI shows the clients of all Python processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from support.engineio import Session, WebSocketSession
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.workers import pids

ADMIN, CHAT = "/admin", "/chat"


async def clients_of_both(stack: contextlib.AsyncExitStack, url: str) -> list[tuple[Session, str]]:
    found: dict[int, tuple[Session, str]] = {}
    while len(found) < 2:
        session = await stack.enter_async_context(WebSocketSession(url))
        id = await session.join_namespace(CHAT)
        (pid,) = await session.call("notes", namespace=CHAT)
        found.setdefault(pid, (session, id))
    return list(found.values())


async def until(session: Session, matches: Callable[[list[Any]], bool]) -> list[Any]:
    while True:
        event = await session.next_event(ADMIN)
        if matches(event):
            return event


def test_an_administrator_sees_the_clients_of_all_processes(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server("administrated:application", "--workers", "2", cwd=APPS)
    pids(server, 2)

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            clients = await clients_of_both(stack, server.url)
            admin = await stack.enter_async_context(WebSocketSession(server.url))
            await admin.join_namespace(ADMIN)
            shown = await until(admin, lambda event: event[0] == "all_sockets")
            in_chat = {view["id"]: view for view in shown[1] if view["nsp"] == CHAT}
            assert in_chat.keys() >= {id for _, id in clients}
            assert all("room" in view["rooms"] for view in in_chat.values())
            for value, (session, id) in enumerate(clients):
                await session.emit("keep", value, namespace=CHAT)
                await until(
                    admin,
                    lambda e, id=id, v=value: e[:4] == ["event_received", CHAT, id, ["keep", v]],
                )
                wanted = {"id": id, "nsp": CHAT, "data": {"kept": value}}
                await until(admin, lambda e, w=wanted: e == ["socket_updated", w])
            late = await stack.enter_async_context(WebSocketSession(server.url))
            id = await late.join_namespace(CHAT)
            await until(admin, lambda e: e[0] == "socket_connected" and e[1]["id"] == id)
            stats = await until(admin, lambda e: e[0] == "server_stats")
            counted = {one["name"]: one["socketsCount"] for one in stats[1]["namespaces"]}
            assert counted[CHAT] == len(in_chat) + 1
            assert counted[ADMIN] == 1

    asyncio.run(asyncio.wait_for(main(), 100))
