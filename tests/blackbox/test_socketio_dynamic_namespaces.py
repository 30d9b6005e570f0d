"""Dynamic namespaces with a running server."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator

import pytest
from support.engineio import SESSIONS, PollingSession, Session, WebSocketSession, connect_packet
from support.node_clients import TRANSPORTS, NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts, read_present
from support.waiting import eventually

Start = Callable[..., ServerProcess]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess("dynamic:application", cwd=APPS).start()
    yield server
    server.stop()


async def refused(session: Session, namespace: str, auth: object = None) -> bool:
    await session.send(connect_packet(namespace, auth))
    return await session.next_message() == f'44{namespace},{{"message":"Invalid namespace"}}'


@pytest.mark.parametrize("transport", SESSIONS)
async def test_each_name_is_a_separate_namespace(transport: str, server: ServerProcess) -> None:
    async with (
        SESSIONS[transport](server.url) as one,
        SESSIONS[transport](server.url) as two,
        SESSIONS[transport](server.url) as three,
    ):
        await one.join_namespace("/board-1")
        await two.join_namespace("/board-1")
        await three.join_namespace("/board-2")
        assert await one.call("where", namespace="/board-1") == ["/board-1", "1"]
        assert await three.call("where", namespace="/board-2") == ["/board-2", "2"]
        await one.emit("say", "here", namespace="/board-1")
        assert await two.next_event("/board-1") == ["said", "here"]
        await one.emit("say_everywhere", "everywhere", namespace="/board-1")
        for session, name in ((one, "/board-1"), (two, "/board-1"), (three, "/board-2")):
            assert await session.next_event(name) == ["said", "everywhere"]


@pytest.mark.parametrize("transport", SESSIONS)
async def test_names_without_a_matching_parent_are_refused(
    transport: str, server: ServerProcess
) -> None:
    async with SESSIONS[transport](server.url) as session:
        for name in ("/board-", "/board-x", "/boards", "/b" + "1" * 1000):
            assert await refused(session, name)
        await session.send(connect_packet("/board-7", {"refuse": True}))
        assert await session.next_message() == '44/board-7,{"message":"Not authorized"}'
        await session.join_namespace("/board-7")


async def test_a_function_decides(server: ServerProcess) -> None:
    async with WebSocketSession(server.url) as session:
        assert await refused(session, "/mine", {"secret": "other"})
        await session.join_namespace("/mine", {"secret": "mine"})
        assert await session.call("echo", "x", namespace="/mine") == ["/mine", "x"]


async def test_a_dynamic_namespace_is_removed_with_its_last_client(start_server: Start) -> None:
    server = start_server("dynamic:application", cwd=APPS)
    before = await asyncio.to_thread(read_present, server)
    async with WebSocketSession(server.url) as session:
        for number in range(100, 150):
            await session.join_namespace(f"/board-{number}")
        children = await session.call("children", namespace="/board-100")
        assert children == [[f"/board-{number}" for number in range(100, 150)]]
        counts = await asyncio.to_thread(read_present, server)
        assert counts["namespaces"] == before["namespaces"] + 50
        assert counts["rooms"] == before["rooms"] + 50
        for number in range(101, 150):
            await session.send(f"41/board-{number},")
        await asyncio.to_thread(
            eventually, lambda: read_present(server)["namespaces"] == before["namespaces"] + 1
        )
        children = await session.call("children", namespace="/board-100")
        assert children == [["/board-100"]]
    await asyncio.to_thread(eventually, lambda: read_present(server) == before)


async def test_a_client_with_random_names_leaves_nothing_behind(start_server: Start) -> None:
    server = start_server("dynamic:application", cwd=APPS)
    before = await asyncio.to_thread(read_counts, server)
    async with PollingSession(server.url) as session:
        for number in range(300):
            assert await refused(session, f"/made-up-{number}")
        assert (await asyncio.to_thread(read_counts, server))["namespaces"] == before["namespaces"]


async def test_the_number_of_dynamic_namespaces_is_limited(start_server: Start) -> None:
    server = start_server("dynamic:application", "--socketio-max-dynamic-namespaces", "3", cwd=APPS)
    async with WebSocketSession(server.url) as first, WebSocketSession(server.url) as second:
        for number in range(3):
            await first.join_namespace(f"/board-{number}")
        for number in range(3, 6):
            assert await refused(second, f"/board-{number}")
        await second.join_namespace("/board-0")
        await second.join_namespace("/chat")
        counts = await asyncio.to_thread(read_counts, server)
        assert counts["dynamic_namespaces_refused"] == 3
        assert server.log.count("--socketio-max-dynamic-namespaces") == 1
        await first.send("41/board-2,")
        await second.join_namespace("/board-9")


# --- the official client ---

numbers = itertools.count(1000)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", ["4.8", "4.0", "3"])
@pytest.mark.parametrize("scenario", ["joinsDynamicNamespaces", "emitsInDynamicNamespaces"])
def test_the_official_client(
    scenario: str, version: str, transport: str, node: NodeClients, server: ServerProcess
) -> None:
    node.run(
        scenario,
        version=version,
        url=server.url,
        transports=TRANSPORTS[transport],
        numbers=[next(numbers) for _ in range(2)],
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_official_client_is_admitted_by_a_function(
    transport: str, node: NodeClients, server: ServerProcess
) -> None:
    node.run(
        "isAdmittedByAFunction",
        url=server.url,
        transports=TRANSPORTS[transport],
        secret=f"secret{next(numbers)}",
    )
