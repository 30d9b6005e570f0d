"""Servers of a cluster, sioserve's and Node's, and clients that tell them what to do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import pathlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import redis

import socketio

from .node_clients import FOLDER
from .server import ServerProcess
from .waiting import eventually

APPS = pathlib.Path(__file__).resolve().parents[1] / "cluster" / "apps"
PATIENCE = 30.0
HELPERS = ("settled", "reached")  # events of the functions below
numbers = itertools.count(1)


class NodeMember:
    """tests/blackbox/js/cluster_server.mjs."""

    def __init__(self, redis: str, *, sharded: bool = False) -> None:
        node = shutil.which("node")
        if node is None or not (FOLDER / "node_modules" / "socket.io").is_dir():
            raise RuntimeError("Node or its packages are missing: run scripts/setup")
        arguments = json.dumps({"redis": redis, "sharded": sharded})
        self.process = subprocess.Popen(
            [node, str(FOLDER / "cluster_server.mjs"), arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)


def start_member(url: str, *arguments: str) -> ServerProcess:
    """sioserve with tests/cluster/apps/member.py, when it is connected to Redis."""
    before = subscribed_servers(url)
    server = ServerProcess("member:application", "--redis", url, *arguments, cwd=APPS).start()
    eventually(lambda: subscribed_servers(url) > before)
    return server


def subscribed_servers(url: str) -> int:
    """How many servers have subscribed to the last one of their namespaces."""
    namespace = "/org[1]"
    with redis.Redis.from_url(url) as client:
        _, plain = client.execute_command("PUBSUB", "NUMSUB", f"socket.io-request#{namespace}#")
        _, sharded = client.execute_command("PUBSUB", "SHARDNUMSUB", f"socket.io#{namespace}#")
    return int(plain) + int(sharded)


class Client:
    """A client, the events that it receives, and the answers it gives to "question"."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.heard: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.answer: Any = None
        self.sio = socketio.AsyncClient(reconnection=False)
        self.sio.on("*", self._hear, namespace=namespace)
        self.sio.on("disconnect", self._leave, namespace=namespace)

    @property
    def id(self) -> str:
        return str(self.sio.get_sid(self.namespace))

    async def _hear(self, event: str, *args: Any) -> Any:
        self.heard.put_nowait((event, *args))
        return self.answer

    async def _leave(self, reason: str = "") -> None:
        self.heard.put_nowait(("disconnect",))

    async def next_of_all(self) -> tuple[Any, ...]:
        return await asyncio.wait_for(self.heard.get(), PATIENCE)

    async def next(self) -> tuple[Any, ...]:
        """The next event, except those that settled() and until_reached() send."""
        while (event := await self.next_of_all())[0] in HELPERS:
            pass
        return event

    async def do(self, what: str, *args: Any, **order: Any) -> Any:
        """Its server does this; returns when it has."""
        order = {"what": what, **order}
        return await self.sio.call("do", (order, *args), namespace=self.namespace, timeout=PATIENCE)


@contextlib.asynccontextmanager
async def connected(url: str, namespace: str = "/", **auth: Any) -> AsyncIterator[Client]:
    client = Client(namespace)
    await client.sio.connect(
        url, namespaces=[namespace], transports=["websocket"], auth=auth, wait_timeout=PATIENCE
    )
    try:
        yield client
    finally:
        await client.sio.disconnect()


async def settled(sender: Client, *receivers: Client) -> list[list[tuple[Any, ...]]]:
    """What the receivers have got before an event that is now sent to all clients, without the
    events of these helpers."""
    last = ("settled", next(numbers))
    await sender.do("emit", *last)
    heard: list[list[tuple[Any, ...]]] = []
    for receiver in receivers:
        heard.append([])
        while (event := await receiver.next_of_all()) != last:
            if event[0] not in HELPERS:
                heard[-1].append(event)
    return heard


async def until_reached(sender: Client, receiver: Client, room: str) -> None:
    """Returns when events to the room reach the receiver from the sender's server: Redis has the
    subscription of the receiver's server then."""
    for _ in range(1000):
        sent = ("reached", next(numbers))
        last = ("settled", next(numbers))
        await sender.do("emit", *sent, to=room)
        await sender.do("emit", *last)
        reached = False
        while (event := await receiver.next_of_all()) != last:
            reached = reached or event == sent
        if reached:
            return
    raise AssertionError(f"events to {room!r} do not arrive")
