"""`--redis-format python-socketio`: a cluster with servers of python-socketio, and its RedisManager
as a writer, as Celery tasks use it.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
import redis
from support.cluster import APPS, connected, settled
from support.ports import free_port
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.waiting import eventually

import socketio

BYTES = b"\x00\xff"


class PythonMember:
    """tests/cluster/apps/python_member.py."""

    def __init__(self, url: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--port", str(port), "python_member:application"],
            cwd=APPS,
            env={**os.environ, "REDIS": url},
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None
        try:
            urllib.request.urlopen(self.url + "/socket.io/?EIO=4&transport=polling").close()
        except urllib.error.URLError:
            return False
        return True

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


def subscribers(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.pubsub_numsub("socketio")[0][1])


def start_member(url: str) -> ServerProcess:
    before = subscribers(url)
    options = ("--redis", url, "--redis-format", "python-socketio")
    server = ServerProcess("member:application", *options, cwd=APPS).start()
    eventually(lambda: subscribers(url) > before)
    return server


@pytest.fixture(scope="module")
def members(redis_server: RedisServer) -> Iterator[tuple[ServerProcess, PythonMember]]:
    ours = start_member(redis_server.url)
    before = subscribers(redis_server.url)
    theirs = PythonMember(redis_server.url)
    eventually(lambda: subscribers(redis_server.url) > before)
    yield ours, theirs
    ours.stop()
    theirs.stop()


Members = tuple[ServerProcess, PythonMember]


@pytest.fixture(params=["from sioserve", "from python-socketio"])
def pair(request: pytest.FixtureRequest, members: Members) -> tuple[str, str]:
    """The URLs of the server that acts and of the other one."""
    ours, theirs = (one.url for one in members)
    return (ours, theirs) if request.param == "from sioserve" else (theirs, ours)


async def test_events_reach_clients_of_the_other_server_once(pair: tuple[str, str]) -> None:
    async with connected(pair[0]) as here, connected(pair[1]) as there:
        await here.do("emit", "news", 1, {"a": [None, True, "é", 1.5]}, BYTES)
        await here.do("emit", "list", [1, 2])
        await here.do("emit", "nothing")
        expected = [("news", 1, {"a": [None, True, "é", 1.5]}, BYTES), ("list", [1, 2])]
        expected.append(("nothing",))
        assert await settled(here, here, there) == [expected, expected]


async def test_rooms_and_excluded_clients(pair: tuple[str, str]) -> None:
    async with (
        connected(pair[0]) as here,
        connected(pair[1], rooms=["r", "s"]) as both,
        connected(pair[1], rooms=["r"]) as one,
    ):
        await here.do("emit", "room", to="r")
        await here.do("emit", "once", to=["r", "s"])
        await here.do("emit", "except", to="r", **{"except": one.id})
        await here.do("emit", "id", to=one.id)
        assert await settled(here, both, one) == [
            [("room",), ("once",), ("except",)],
            [("room",), ("once",), ("id",)],
        ]


async def test_one_socket_joins_and_leaves(pair: tuple[str, str]) -> None:
    async with connected(pair[0]) as here, connected(pair[1]) as there:
        await here.do("join", to=there.id, rooms=["j"])
        await here.do("emit", "before", to="j")
        await here.do("leave", to=there.id, rooms=["j"])
        await here.do("emit", "after", to="j")
        assert await settled(here, there) == [[("before",)]]


async def test_several_rooms_of_one_socket(members: Members) -> None:
    ours, theirs = members
    async with connected(ours.url) as here, connected(theirs.url) as there:
        await here.do("join", to=there.id, rooms=["j", "k"])
        await here.do("emit", "k", to="k")
        await here.do("leave", to=there.id, rooms=["j", "k"])
        await here.do("emit", "k", to="k")
        assert await settled(here, there) == [[("k",)]]


async def test_one_socket_is_disconnected(pair: tuple[str, str]) -> None:
    async with connected(pair[0]) as here, connected(pair[1]) as there:
        await here.do("emit", "bye", to=there.id)
        await here.do("disconnect", to=there.id)
        assert await there.next() == ("bye",)
        assert await there.next() == ("disconnect",)


async def test_a_room_is_closed(members: Members) -> None:
    ours, theirs = members
    async with connected(theirs.url) as here, connected(ours.url, rooms=["r"]) as there:
        await here.do("emit", "before", to="r")
        await here.do("close", to="r")
        await here.do("emit", "after", to="r")
        assert await settled(here, there) == [[("before",)]]


async def test_python_socketio_calls_a_client_of_sioserve(members: Members) -> None:
    ours, theirs = members
    async with connected(theirs.url) as here, connected(ours.url) as there:
        there.answer = {"é": [1, None]}
        assert await here.do("ask", "question", 5, to=there.id) == {"é": [1, None]}
        assert await there.next() == ("question", 5)


async def test_servers_of_sioserve_have_the_rest_among_themselves(
    members: Members, redis_server: RedisServer
) -> None:
    ours, theirs = members
    second = start_member(redis_server.url)
    try:
        async with (
            connected(ours.url) as here,
            connected(second.url, rooms=["r"]) as there,
            connected(theirs.url),
        ):
            found = (await here.do("fetch"))["sockets"]
            assert sorted(one["id"] for one in found) == sorted([here.id, there.id])
            assert await here.do("count") == 2
            there.answer = "yes"
            assert (await here.do("ask", "q", to="r"))["answers"] == ["yes"]
            await there.next()
            await here.do("join", rooms=["j", "k"], to="r")
            await here.do("emit", "j", to="j")
            assert await settled(here, there) == [[("j",)]]
            assert (await here.do("question", 7))["answers"] == [7]
    finally:
        second.stop()


async def test_the_write_only_manager_reaches_clients(
    members: Members, redis_server: RedisServer
) -> None:
    ours, _ = members
    manager = socketio.RedisManager(redis_server.url, write_only=True)
    async with connected(ours.url, rooms=["r"]) as client:
        await asyncio.to_thread(manager.emit, "task", {"done": float("nan")}, to="r")
        assert await client.next() == ("task", {"done": None})
        await asyncio.to_thread(manager.emit, "bytes", (BYTES, {"b": BYTES}))
        assert await client.next() == ("bytes", BYTES, {"b": BYTES})


async def test_pickle_and_other_messages_are_counted_and_not_read(
    members: Members, redis_server: RedisServer
) -> None:
    ours, _ = members
    async with connected(ours.url) as client:
        before = (await client.do("counts"))["cluster_messages_ignored"]
        with redis.Redis.from_url(redis_server.url) as publisher:
            event = {"method": "emit", "event": "pickled", "data": [1], "namespace": "/"}
            publisher.publish("socketio", pickle.dumps(event))
            publisher.publish("socketio", "{}")
        await client.do("emit", "last")
        assert await client.next() == ("last",)

        def is_counted(counts: dict[str, int]) -> bool:
            return counts["cluster_messages_ignored"] == before + 2

        while not is_counted(await client.do("counts")):
            pass


def test_sharded_channels_are_refused() -> None:
    from support.server import run_to_end

    options = ("--redis-format", "python-socketio", "--redis-sharded")
    ended = run_to_end("member:application", *options, cwd=APPS)
    assert ended.returncode != 0
    assert re.search("--redis-sharded and --redis-format contradict", ended.stdout + ended.stderr)
