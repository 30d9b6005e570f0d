"""Members of a chat with npm's socket.io-client, all in one Node process: members.mjs."""

from __future__ import annotations

import asyncio
import json
import pathlib
from typing import Any

from support.moving_chat import Member

SCRIPT = pathlib.Path(__file__).with_name("members.mjs")
WAYS = (["polling"], ["websocket"], ["polling", "websocket"])
PATIENCE = 30.0  # seconds for a connection


class NodeProcess:
    """The process, for `async with`. Members belong to one of these."""

    def __init__(self) -> None:
        self._members: dict[str, NodeMember] = {}

    async def __aenter__(self) -> NodeProcess:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            "node", str(SCRIPT), stdin=pipe, stdout=pipe
        )
        self._reading = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    def add(self, member: NodeMember) -> None:
        self._members[member.name] = member

    def order(self, member: NodeMember, what: str, **values: Any) -> None:
        assert self._process.stdin is not None
        order = {"name": member.name, "what": what, **values}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            self._members[told["name"]].has_been_told(told["what"], told["value"])
        for member in self._members.values():
            member.has_been_told("ended", "Node has ended")


class NodeMember(Member):
    def __init__(self, process: NodeProcess, index: int, room: str) -> None:
        super().__init__(f"node {index}", room)
        self._process = process
        self._transports = WAYS[index % len(WAYS)]
        self._opened = asyncio.Event()
        self._closing = False
        process.add(self)

    async def open(self, url: str) -> None:
        self._process.order(self, "open", url=url, room=self.room, transports=self._transports)
        await asyncio.wait_for(self._opened.wait(), PATIENCE)

    async def say(self, number: int) -> None:
        self._process.order(self, "say", number=number)

    async def close(self) -> None:
        self._closing = True
        self._process.order(self, "close")

    def has_been_told(self, what: str, value: Any) -> None:
        if what == "opened":
            self._opened.set()
        elif what == "heard":
            sender, number = value
            self.received[sender].append(number)
        elif what == "acknowledged":
            self.acknowledge(value)
        elif not self._closing:
            self.ended = value
