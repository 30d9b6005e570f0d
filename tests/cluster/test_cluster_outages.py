"""Clusters of sioserve in which a part stands still or fails."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest
from support.cluster import NodeMember, connected, settled, start_member, until_reached
from support.redis_server import RedisServer
from support.server import ServerProcess


@pytest.fixture
def servers(own_redis: RedisServer) -> Iterator[list[ServerProcess]]:
    """The tests stop those that they kill."""
    started = [start_member(own_redis.url), start_member(own_redis.url)]
    yield started
    for server in started:
        if server.process.poll() is None:
            server.stop()


async def test_relays_and_events_cross_while_python_is_blocked(
    servers: list[ServerProcess],
) -> None:
    first, second = servers
    async with (
        connected(first.url, rooms=["r"]) as sender,
        connected(second.url, rooms=["r"]) as there,
        connected(second.url) as blocker,
    ):
        await until_reached(sender, there, "r")
        blocked = [asyncio.create_task(one.do("block", seconds=3)) for one in (sender, blocker)]
        for server in servers:
            await asyncio.to_thread(server.wait_for_log, "blocked")
        start = time.monotonic()
        await sender.sio.emit("cursor", (1, 2))
        assert await there.next() == ("cursor", 1, 2)
        assert time.monotonic() - start < 2
        assert not any(one.done() for one in blocked)
        await asyncio.gather(*blocked)


async def test_clients_stay_and_events_cross_again_after_redis_was_away(
    servers: list[ServerProcess], own_redis: RedisServer
) -> None:
    first, second = servers
    async with (
        connected(first.url, rooms=["r"]) as here,
        connected(second.url, rooms=["r"]) as there,
    ):
        await until_reached(here, there, "r")
        own_redis.kill()
        for server in servers:
            await asyncio.to_thread(server.wait_for_log, r"Redis at .* is away")
        await here.do("emit", "meanwhile", to="r")
        assert (await here.next())[0] in ("reached", "settled", "meanwhile")
        start = time.monotonic()
        assert (await here.do("question", 1))["answers"] == []
        assert (await here.do("fetch"))["answers"]
        assert time.monotonic() - start < 8
        own_redis.start()
        for server in servers:
            await asyncio.to_thread(server.wait_for_log, r"Redis at .* is back")
        await until_reached(here, there, "r")
        await here.do("emit", "again", to="r")
        heard = (await settled(here, there))[0]
        assert heard[-1] == ("again",)
        assert ("meanwhile",) not in heard


async def test_requests_of_an_outage_are_not_sent_late(own_redis: RedisServer) -> None:
    queue = ("--redis-queue", "1000000")
    servers = [start_member(own_redis.url, *queue), start_member(own_redis.url, *queue)]
    try:
        async with (
            connected(servers[0].url) as here,
            connected(servers[1].url, rooms=["r"]) as there,
        ):
            await until_reached(here, there, "r")
            own_redis.kill()
            for server in servers:
                await asyncio.to_thread(server.wait_for_log, r"Redis at .* is away")
            asked = await here.do("ask", "asked", to="r", timeout=1)
            assert asked["late"]
            assert asked["answers"] == []
            assert (await here.do("question", 1))["late"]
            await here.do("emit", "queued", to="r")
            # The sender is the last to connect again: what it has queued arrives.
            servers[0].process.send_signal(signal.SIGSTOP)
            own_redis.start()
            await asyncio.to_thread(servers[1].wait_for_log, r"Redis at .* is back")
            servers[0].process.send_signal(signal.SIGCONT)
            line = r"Redis at .* is back after .*: (\d+) messages dropped, (\d+) sent late"
            back = await asyncio.to_thread(servers[0].wait_for_log, line)
            assert back.group(1, 2) == ("2", "1")
            assert await there.next() == ("queued",)
            assert await settled(here, there) == [[]]
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGCONT)
            server.stop()


async def test_messages_that_redis_has_lost_are_counted_and_logged(
    servers: list[ServerProcess], own_redis: RedisServer
) -> None:
    first, second = servers
    async with (
        connected(first.url, rooms=["r"]) as here,
        connected(second.url, rooms=["r"]) as there,
    ):
        await until_reached(here, there, "r")
        assert (await there.do("counts"))["cluster_gaps"] == 0
        own_redis.kill()
        for server in servers:
            await asyncio.to_thread(server.wait_for_log, r"Redis at .* is away")
        for _ in range(3):
            await here.do("emit", "lost", to="r")
        own_redis.start()
        for server in servers:
            await asyncio.to_thread(server.wait_for_log, r"Redis at .* is back")
        await here.do("emit", "again", to="r")
        while await there.next() != ("again",):
            pass
        counts = await there.do("counts")
        assert (counts["cluster_gaps"], counts["cluster_messages_missed"]) == (1, 3)
        second.wait_for_log(r"Messages of another server did not arrive \(3 on the channel")
        assert (await here.do("counts"))["cluster_gaps"] == 0


async def test_nobody_waits_for_a_server_that_was_killed(servers: list[ServerProcess]) -> None:
    first, second = servers
    async with connected(first.url) as here:
        assert await here.do("count") == 2
        second.process.kill()
        second.process.wait(10)
        while await here.do("count") == 2:  # Redis has not noticed yet
            await asyncio.sleep(0.01)
        start = time.monotonic()
        found = await here.do("fetch")
        assert [one["id"] for one in found["sockets"]] == [here.id]
        assert await here.do("question", 1, timeout=60) == {"answers": []}
        assert time.monotonic() - start < 4  # no request waits for its timeout, 5 s


async def test_a_request_ends_in_time_though_a_server_is_killed_meanwhile(
    servers: list[ServerProcess],
) -> None:
    first, second = servers
    # A client's next order waits for the one before.
    async with (
        connected(first.url) as asking,
        connected(first.url) as fetching,
        connected(first.url) as counting,
        connected(second.url) as there,
    ):
        blocked = asyncio.create_task(there.do("block", seconds=30))
        await asyncio.to_thread(second.wait_for_log, "blocked")
        start = time.monotonic()
        asked = asyncio.create_task(asking.do("question", 1, timeout=3))
        fetched = asyncio.create_task(fetching.do("fetch"))
        assert await counting.do("count") == 2
        assert not asked.done()
        assert not fetched.done()
        second.process.kill()
        second.process.wait(10)
        assert (await asked)["answers"] == []
        assert time.monotonic() - start < 4.5
        found = await fetched  # "sockets" if it was sent only after the kill
        here = {one["id"] for one in found.get("answers") or found["sockets"]}
        assert here == {asking.id, fetching.id, counting.id}
        assert time.monotonic() - start < 8
        blocked.cancel()


async def test_counts_of_all_servers_need_no_python_of_theirs(
    servers: list[ServerProcess], own_redis: RedisServer
) -> None:
    first, second = servers
    node = NodeMember(own_redis.url)  # has no such counts
    try:
        async with (
            connected(first.url) as here,
            connected(second.url) as there,
            connected(second.url) as also_there,
        ):
            blocked = asyncio.create_task(there.do("block", seconds=3))
            await asyncio.to_thread(second.wait_for_log, "blocked")
            counts = await here.do("all counts")
            assert not blocked.done()
            assert [one["sessions"] for one in counts] == [1, 2]
            assert "threads_busy" in counts[0]
            await asyncio.gather(blocked, also_there.do("count"))
    finally:
        node.stop()


async def test_a_cluster_with_several_python_processes(own_redis: RedisServer) -> None:
    first = start_member(own_redis.url, "--workers", "2")
    second = start_member(own_redis.url, "--workers", "2")
    try:
        async with (
            connected(first.url) as here,
            connected(second.url, rooms=["r"], data={"n": 1}) as one,
            connected(second.url, rooms=["r"], data={"n": 2}) as two,
        ):
            for client in (one, two):
                await until_reached(here, client, "r")
            await settled(here, one, two)
            await here.do("emit", "e", to="r")
            assert await settled(here, one, two) == [[("e",)], [("e",)]]
            found = (await here.do("fetch", to="r"))["sockets"]
            assert sorted(one["data"]["n"] for one in found) == [1, 2]
            one.answer, two.answer = 1, 2
            answers = (await here.do("ask", "q", to="r"))["answers"]
            assert sorted(answers) == [1, 2]
            await here.do("join", rooms=["j"], to="r")
            await until_reached(here, two, "j")
    finally:
        first.stop()
        second.stop()
