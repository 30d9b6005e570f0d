"""Clients whose requests reach a server that does not have their session: no sticky sessions."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import httpx
import pytest
from support.clients_in_turn import check_clients_in_turn
from support.cluster import start_member
from support.engineio import (
    PollingSession,
    SessionEnded,
    WebSocketSession,
    event_packet,
    waiting_poll,
)
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.waiting import eventually_async
from support.wandering import WanderingSession

SECRET = "a secret of these tests"
UNKNOWN = {"code": 1, "message": "Session ID unknown"}


def start(redis: RedisServer, *arguments: str, secret: str = SECRET) -> ServerProcess:
    options = ("--cluster-listen", "127.0.0.1:0", "--cluster-secret", secret)
    return start_member(redis.url, *options, *arguments)


@pytest.fixture(scope="module", params=["plain", "sharded", "workers"])
def pair(
    request: pytest.FixtureRequest, redis_server: RedisServer
) -> Iterator[list[ServerProcess]]:
    options = {"plain": [], "sharded": ["--redis-sharded"], "workers": ["--workers", "2"]}
    started = [start(redis_server, *options[request.param]) for _ in range(2)]
    yield started
    for server in started:
        server.stop()


@pytest.fixture
def servers(own_redis: RedisServer) -> Iterator[list[ServerProcess]]:
    """Of one test, which may stop them."""
    started = [start(own_redis), start(own_redis)]
    yield started
    for server in started:
        if server.process.poll() is None:
            server.stop()


async def test_polling_reaches_the_session_through_another_server(
    pair: list[ServerProcess],
) -> None:
    async with WanderingSession(*pair) as session:
        id = await session.join_namespace()
        assert await session.call("do", {"what": "fetch"})
        await session.emit("do", {"what": "emit", "to": id}, "é", [1, {"a": None}], ack=5)
        assert await session.next_event() == ["é", [1, {"a": None}]]
        assert await session.next_message() == "435[null]"
        response = await session.post("1")  # closes the session
        assert (response.status_code, response.text) == (200, "ok")
        assert (await session.get()).json() == UNKNOWN


async def test_answers_are_those_of_the_owner(pair: list[ServerProcess]) -> None:
    async with WanderingSession(*pair) as away, PollingSession(pair[0].url) as home:
        answers = []
        for session in (home, away):
            head = {"Origin": "http://127.0.0.1", "Accept-Encoding": "gzip"}
            await session.post("40")
            packets = await session.http.get(session.target, headers=head)
            refused = await session.http.post(session.target, content="x" * 1_000_001)
            after = await session.http.delete(session.target)
            answers.append(
                [
                    (
                        one.status_code,
                        sorted(name for name in one.headers if name != "connection"),
                        len(one.text),
                    )
                    for one in (packets, refused, after)
                ]
            )
        assert answers[0] == answers[1]


async def test_an_upgrade_through_another_server(pair: list[ServerProcess]) -> None:
    async with WanderingSession(*pair) as session:
        await session.join_namespace()
        websocket = await session.probe()
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        assert await session.poll() == ["6"]
        await websocket.send("5")
        await websocket.send(event_packet("do", {"what": "emit"}, "big", "x" * 900_000, ack=1))
        received = [await websocket.recv(), await websocket.recv()]
        assert {len(one) for one in received} == {len('42["big",""]') + 900_000, len("431[null]")}
        await websocket.close()


async def test_a_websocket_that_is_refused_is_denied_as_at_home(
    pair: list[ServerProcess],
) -> None:
    async with WanderingSession(*pair) as session:
        await session.join_namespace()
        first = await session.probe()
        await first.send("2probe")
        assert await first.recv() == "3probe"
        second = await session.probe()
        with pytest.raises(Exception, match=r"no close frame|1005"):
            await second.recv()
        await first.close()


@pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]], ids="-".join)
async def test_clients_whose_connections_go_to_the_servers_in_turn(
    pair: list[ServerProcess], transports: list[str]
) -> None:
    await check_clients_in_turn(pair, transports)


async def test_a_slow_client_behind_another_server_does_not_fill_its_memory(
    servers: list[ServerProcess],
) -> None:
    owner, other = servers
    async with WanderingSession(owner, other) as session, WebSocketSession(owner.url) as sender:
        await session.join_namespace()
        await sender.join_namespace()
        websocket = await session.probe()
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        await session.poll()
        await websocket.send("5")
        await websocket.send(event_packet("do", {"what": "count"}, ack=1))
        assert await websocket.recv() == "431[2]"
        websocket.transport.pause_reading()
        before = other.memory()
        for _ in range(40):
            await sender.emit("do", {"what": "emit"}, "big", "x" * 900_000)
            assert len(str(await sender.next_message())) > 900_000
        # The owner keeps what its client does not read, as for its own clients.
        assert other.growth(before) < 20_000_000
        websocket.transport.resume_reading()
        received = 0
        while received < 40:
            received += len(await websocket.recv()) > 900_000  # the others are pings
        await websocket.close()


async def test_sessions_of_a_server_that_was_killed_are_unknown(
    servers: list[ServerProcess],
) -> None:
    owner, other = servers
    async with WanderingSession(owner, other) as session:
        await session.join_namespace()
        poll = await waiting_poll(session)
        owner.kill()
        response = await asyncio.to_thread(poll.read_response)
        assert (response.status, json.loads(response.body)) == (400, UNKNOWN)
        assert (await session.get()).json() == UNKNOWN
        with pytest.raises(Exception, match="400"):
            await session.probe()


async def test_a_server_that_stops_releases_the_polls_that_it_forwards(
    servers: list[ServerProcess],
) -> None:
    owner, other = servers
    async with WanderingSession(owner, other) as session:
        await session.join_namespace()
        poll = await waiting_poll(session)
        await asyncio.to_thread(other.stop)
        response = await asyncio.to_thread(poll.read_response)
        assert (response.status, response.body) == (200, b"6")
        session.http = httpx.AsyncClient(base_url=owner.url, timeout=30)
        assert await session.call("do", {"what": "count"}) == [1]


async def test_a_server_that_stops_ends_its_sessions_elsewhere_at_once(
    servers: list[ServerProcess],
) -> None:
    owner, other = servers
    async with WanderingSession(owner, other) as session:
        await session.join_namespace()
        poll = await waiting_poll(session)
        began = time.monotonic()
        await asyncio.to_thread(owner.stop)
        response = await asyncio.to_thread(poll.read_response)
        assert (response.status, response.body) == (200, b"6")
        assert time.monotonic() - began < 10
        assert (await session.get()).json() == UNKNOWN


async def test_forwarding_goes_on_while_redis_is_away(
    servers: list[ServerProcess], own_redis: RedisServer
) -> None:
    async with WanderingSession(*servers) as session:
        id = await session.join_namespace()
        own_redis.kill()
        for server in servers:
            await asyncio.to_thread(server.wait_for_log, r"Redis at .* is away")
        await session.emit("do", {"what": "emit", "to": id}, "still")
        assert await session.next_event() == ["still"]
        own_redis.start()


async def test_a_server_with_another_secret_gets_nothing(own_redis: RedisServer) -> None:
    owner = start(own_redis)
    stranger = start(own_redis, secret="another secret of these tests")
    try:
        async with PollingSession(owner.url) as session:
            async with httpx.AsyncClient(base_url=stranger.url) as http:

                async def is_tried() -> bool:
                    assert (await http.get(session.target)).json() == UNKNOWN
                    return "has another --cluster-secret" in stranger.log

                await eventually_async(is_tried)
            assert "does not answer" not in owner.log
    finally:
        owner.stop()
        stranger.stop()


async def test_bytes_that_are_no_server_are_refused(servers: list[ServerProcess]) -> None:
    owner, _ = servers
    address = owner.wait_for_log(r"reach this one at 127\.0\.0\.1:(\d+)")[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()
    await asyncio.to_thread(owner.wait_for_log, "does not speak the protocol of --cluster-listen")


async def test_other_requests_with_a_sid_are_not_touched(servers: list[ServerProcess]) -> None:
    async with httpx.AsyncClient(base_url=servers[1].url) as http:
        for sid in ("x", "0" * 20, "0" * 28):
            response = await http.get(f"/socket.io/?EIO=4&transport=polling&sid={sid}")
            assert response.json() == UNKNOWN


async def test_requests_of_the_application_are_its_own_whatever_their_query(
    servers: list[ServerProcess],
) -> None:
    async with WanderingSession(*servers) as session:
        at_home = await session.http.get("/page?sid=nothing")
        assert at_home.status_code not in (400, 404)
        response = await session.http.get(f"/page?sid={session.sid}")
        assert (response.status_code, response.text) == (at_home.status_code, at_home.text)


async def test_sessions_that_are_gone_end_as_at_home(pair: list[ServerProcess]) -> None:
    async with WanderingSession(*pair) as session:
        await session.join_namespace()
        assert (await session.post("not a packet")).status_code == 400
        with pytest.raises(SessionEnded):
            await session.poll()
