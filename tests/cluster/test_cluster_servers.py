"""What one server of a cluster does reaches the clients of another one: between two of sioserve,
and between sioserve and a server of Node in both directions, with both kinds of publish/subscribe.
The last test has four servers of sioserve, and kills one.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
from support.cluster import (
    Client,
    NodeMember,
    connected,
    settled,
    start_member,
    until_reached,
)
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.waiting import eventually_async

BYTES = b"\x00\xff"


@dataclasses.dataclass
class Pair:
    """Two servers: `first` acts, and the other one is reached."""

    first: str  # URLs
    second: str
    kinds: tuple[str, str]
    is_sharded: bool


@pytest.fixture(
    scope="module",
    params=[
        ("sioserve", "sioserve", "plain"),
        ("sioserve", "node", "plain"),
        ("node", "sioserve", "plain"),
        ("sioserve", "sioserve", "sharded"),
        ("sioserve", "node", "sharded"),
        ("node", "sioserve", "sharded"),
    ],
    ids="-".join,
)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    *kinds, wire = request.param
    redis = RedisServer(tmp_path_factory.mktemp("redis")).start()
    options = ["--redis-sharded"] if wire == "sharded" else []
    started = []
    for kind in kinds:
        if kind == "node":
            started.append(NodeMember(redis.url, sharded=wire == "sharded"))
        else:
            started.append(start_member(redis.url, *options))
    first, second = (server.url for server in started)
    yield Pair(first, second, tuple(kinds), wire == "sharded")
    for server in started:
        server.stop()
    redis.stop()


async def test_events_reach_clients_of_other_servers_once(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second) as there:
        await here.do("emit", "news", 1, {"a": [None, True, "é", 1.5]})
        expected = ("news", 1, {"a": [None, True, "é", 1.5]})
        assert await settled(here, here, there) == [[expected], [expected]]
        await here.do("emit", "quick", volatile=True)
        assert await settled(here, here, there) == [[("quick",)], [("quick",)]]
        await here.do("emit", "others", broadcast=True)
        assert await settled(here, here, there) == [[], [("others",)]]


async def test_bytes_and_large_numbers(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second) as there:
        await here.do("emit", "bytes", BYTES, {"in": [BYTES * 300, {}]}, -(2**31), 2**53 - 1)
        expected = ("bytes", BYTES, {"in": [BYTES * 300, {}]}, -(2**31), 2**53 - 1)
        assert await settled(here, there) == [[expected]]


async def test_rooms_and_exceptions(pair: Pair) -> None:
    async with (
        connected(pair.first) as here,
        connected(pair.second, rooms=["r", "s"]) as both,
        connected(pair.second, rooms=["r"]) as one,
    ):
        await until_reached(here, one, "r")
        await until_reached(here, both, "s")
        await until_reached(here, one, one.id)
        await settled(here, both)
        await here.do("emit", "to", to="r")
        await here.do("emit", "once", to=["r", "s"])
        await here.do("emit", "except room", to=["r"], **{"except": ["s"]})
        await here.do("emit", "except id", to=["r"], **{"except": [one.id]})
        await here.do("emit", "by id", to=one.id)
        await here.do("emit", "nobody", to="empty")
        await here.do("emit", "local", local=True)
        assert await settled(here, both, one) == [
            [("to",), ("once",), ("except id",)],
            [("to",), ("once",), ("except room",), ("by id",)],
        ]


async def test_rooms_that_are_numbers(pair: Pair) -> None:
    """In Node, 42 and "42" are two rooms. Elsewhere they are one."""
    async with (
        connected(pair.first) as here,
        connected(pair.second, rooms=[42]) as number,
        connected(pair.second, rooms=["42"]) as text,
    ):
        await asyncio.gather(*(until_reached(here, one, one.id) for one in (number, text)))
        await settled(here, number, text)
        await here.do("emit", "e", 1, to=[42])
        await here.do("emit", "e", 2, to=["42"])
        of_number, of_text = await settled(here, number, text)
    # What sioserve sends reaches both rooms of Node.
    assert of_number == of_text == [("e", 1), ("e", 2)]


async def test_events_stay_in_order(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second, rooms=["r"]) as there:
        await until_reached(here, there, "r")
        numbers = list(range(100))
        for number in numbers:
            await here.do("emit", "n", number, to="r")
        assert await settled(here, there) == [[("n", number) for number in numbers]]


async def test_sockets_of_other_servers_join_and_leave(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second, rooms=["r"]) as there:
        await until_reached(here, there, "r")
        await here.do("join", rooms=["j", "k"], to="r")
        await until_reached(here, there, "k")
        await here.do("emit", "before", to="j")
        await here.do("leave", rooms=["j"], to="r")
        await here.do("emit", "after", to="j")
        assert await settled(here, there) == [[("before",)]]


async def test_sockets_of_other_servers_are_disconnected(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second, rooms=["r"]) as there:
        await until_reached(here, there, "r")
        await here.do("emit", "bye", to="r")
        await here.do("disconnect", to="r", close=True)
        assert await there.next() == ("bye",)
        assert await there.next() == ("disconnect",)


async def test_sockets_of_all_servers_are_fetched(pair: Pair) -> None:
    data = {"name": "ann", "list": [1, {"é": None}]}
    async with (
        connected(pair.first) as here,
        connected(pair.second, rooms=["r", "s"], data=data) as there,
    ):
        fetched = await here.do("fetch")
        assert sorted(one["id"] for one in fetched["sockets"]) == sorted([here.id, there.id])
        found = (await here.do("fetch", to="r"))["sockets"]
        assert [(one["id"], one["rooms"], one["data"]) for one in found] == [
            (there.id, ["r", "s"], data)
        ]
        assert found[0]["address"] in ("127.0.0.1", "::ffff:127.0.0.1")
        assert found[0]["auth"]["rooms"] == ["r", "s"]
        assert found[0]["year"] >= 2024
        assert await here.do("fetch", to="nobody") == {"sockets": []}


async def test_events_between_servers(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second) as there:
        await here.do("tell", {"a": [1, None]})
        assert await there.next() == ("told", {"a": [1, None]})
        answered = await here.do("question", {"b": "é"})
        assert answered == {"answers": [{"b": "é"}]}
        assert await here.do("count") == 2


async def test_clients_of_all_servers_acknowledge(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second) as there:
        here.answer, there.answer = "here", {"there": BYTES}
        answers = (await here.do("ask", "q", BYTES, timeout=20))["answers"]
        assert len(answers) == 2
        assert "here" in answers
        assert {"there": BYTES} in answers
        assert await there.next() == ("q", BYTES)


async def test_missing_acknowledgements_are_told_in_time(pair: Pair) -> None:
    async with connected(pair.first) as here, connected(pair.second) as there:
        there.sio.handlers["/"].clear()
        silent = asyncio.Event()
        there.sio.on("q", silent.wait)
        here.answer = "here"
        late = await here.do("ask", "q", timeout=1)
        assert late["answers"] == ["here"]
        assert late["late"]


async def test_a_namespace_with_brackets(pair: Pair) -> None:
    if pair.kinds[1] == "node" and not pair.is_sharded:
        pytest.skip("the plain adapter of Node subscribes to a pattern, which does not match this")
    name = "/org[1]"
    async with (
        connected(pair.first, name) as here,
        connected(pair.second, name, rooms=["r*"]) as there,
        connected(pair.second) as stranger,
    ):
        await until_reached(here, there, "r*")
        await here.do("emit", "all")
        await here.do("emit", "room", to="r*")
        assert await settled(here, there) == [[("all",), ("room",)]]
        assert stranger.heard.empty()


async def test_dates_of_node(pair: Pair) -> None:
    if pair.kinds[0] != "node":
        pytest.skip("only Node sends dates")
    async with connected(pair.first) as here, connected(pair.second) as there:
        await here.do("emit", "at", date="2026-11-28T01:02:03.456Z")
        assert await settled(here, there) == [[("at", "2026-11-28T01:02:03.456Z")]]


async def check_that_all_reach_all(clients: list[Client]) -> None:
    """Each client is the only one of its server, and in the room "r"."""
    ids = sorted(client.id for client in clients)
    numbers = list(range(len(clients)))
    for number, client in enumerate(clients):
        client.answer = number
    for number, sender in enumerate(clients):
        assert await sender.do("count") == len(clients)
        fetched = await sender.do("fetch")
        assert sorted(one["id"] for one in fetched["sockets"]) == ids
        await sender.do("emit", "to all", number)
        await sender.do("emit", "to room", number, to="r")
        expected = [("to all", number), ("to room", number)]
        assert await settled(sender, *clients) == [expected] * len(clients)
        asked = await sender.do("ask", "q", number, timeout=20)
        assert "late" not in asked
        assert sorted(asked["answers"]) == numbers
        for client in clients:
            assert await client.next() == ("q", number)


async def test_four_servers_of_which_one_is_killed(own_redis: RedisServer) -> None:
    servers: list[ServerProcess] = []
    try:
        async with contextlib.AsyncExitStack() as stack:
            clients = []
            for _ in range(4):
                servers.append(await asyncio.to_thread(start_member, own_redis.url))
                client = connected(servers[-1].url, rooms=["r"])
                clients.append(await stack.enter_async_context(client))
            for sender in clients:
                for receiver in clients:
                    await until_reached(sender, receiver, "r")
            await settled(clients[0], *clients)
            await check_that_all_reach_all(clients)
            servers[2].kill()
            assert await clients.pop(2).next() == ("disconnect",)

            async def is_noticed() -> bool:
                return bool(await clients[0].do("count") == 3)

            await eventually_async(is_noticed)
            await check_that_all_reach_all(clients)
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.stop()
