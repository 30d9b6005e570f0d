"""The transports of a random client's messages: Engine.IO 4 and 3, over polling and WebSockets.

A message is an Engine.IO packet as text, or the content of a binary packet.
"""

from __future__ import annotations

import abc
import asyncio
import base64
import json
import re
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from ..engineio import SEPARATOR, TIMEOUT, SessionEnded

BINARY = {"content-type": "application/octet-stream"}
MESSAGE = b"\x04"  # the type at the start of a binary packet of Engine.IO 3

Message = str | bytes


class Carrier(abc.ABC):
    """One session. `version` is the version of Engine.IO."""

    def __init__(self, url: str, version: int, transport: str) -> None:
        self.url = url
        self.version = version
        self.transport = transport
        self.sid = ""

    @abc.abstractmethod
    async def open(self) -> None: ...

    @abc.abstractmethod
    async def send(self, messages: list[Message]) -> None: ...

    @abc.abstractmethod
    async def receive(self) -> list[Message]:
        """At least one message; waits as long as necessary. Raises if the session is closed."""

    @abc.abstractmethod
    async def abandon(self) -> None:
        """Disconnects without a close packet."""

    def query(self, transport: str) -> str:
        sid = f"&sid={self.sid}" if self.sid else ""
        return f"/socket.io/?EIO={self.version}&transport={transport}{sid}"

    def note_open(self, packet: Message) -> None:
        assert isinstance(packet, str)
        assert packet[0] == "0", packet
        self.sid = json.loads(packet[1:])["sid"]


class WebSocketCarrier(Carrier):
    """A session that starts on a WebSocket, or an upgrade of a polling session."""

    websocket: ClientConnection

    def __init__(self, url: str, version: int) -> None:
        super().__init__(url, version, "websocket")

    async def connect(self) -> None:
        base = self.url.replace("http", "ws", 1)
        self.websocket = await connect(
            base + self.query("websocket"), proxy=None, max_size=None, open_timeout=TIMEOUT
        )

    async def open(self) -> None:
        await self.connect()
        [packet] = await self.receive()
        self.note_open(packet)

    async def send(self, messages: list[Message]) -> None:
        for message in messages:
            if self.version == 3 and isinstance(message, bytes):
                message = MESSAGE + message
            await self.websocket.send(message)

    async def receive(self) -> list[Message]:
        message = await self.websocket.recv()
        if self.version == 3 and isinstance(message, bytes):
            assert message[:1] == MESSAGE, message[:10]
            return [message[1:]]
        return [message]

    async def abandon(self) -> None:
        if hasattr(self, "websocket"):  # it was connected
            self.websocket.transport.abort()


class PollingCarrier(Carrier):
    def __init__(self, url: str, version: int) -> None:
        super().__init__(url, version, "polling")
        self.http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT)

    async def open(self) -> None:
        [packet] = await self.receive()
        self.note_open(packet)

    async def send(self, messages: list[Message]) -> None:
        body = encode_4(messages) if self.version == 4 else encode_3(messages)
        headers = BINARY if isinstance(body, bytes) else {}
        answer = await self.http.post(self.query("polling"), content=body, headers=headers)
        if answer.status_code != 200:
            raise SessionEnded(answer.text)

    async def receive(self) -> list[Message]:
        answer = await self.http.get(self.query("polling"))
        if answer.status_code != 200:
            raise SessionEnded(answer.text)
        if self.version == 4:
            return decode_4(answer.text)
        if answer.headers["content-type"] == BINARY["content-type"]:
            return decode_3_binary(answer.content)
        return decode_3(answer.text)

    async def probe(self) -> WebSocketCarrier:
        """A WebSocket for this session, after its probe was answered."""
        probe = WebSocketCarrier(self.url, self.version)
        probe.sid = self.sid
        await probe.connect()
        await probe.send(["2probe"])
        assert await asyncio.wait_for(probe.receive(), TIMEOUT) == ["3probe"]
        return probe

    async def abandon(self) -> None:
        await self.http.aclose()


CARRIERS: dict[str, Any] = {"polling": PollingCarrier, "websocket": WebSocketCarrier}


# --- Polling bodies ---


def encode_4(messages: list[Message]) -> str:
    return SEPARATOR.join(
        "b" + base64.b64encode(message).decode() if isinstance(message, bytes) else message
        for message in messages
    )


def decode_4(body: str) -> list[Message]:
    return [
        base64.b64decode(packet[1:]) if packet.startswith("b") else packet
        for packet in body.split(SEPARATOR)
    ]


def encode_3(messages: list[Message]) -> str | bytes:
    if not any(isinstance(message, bytes) for message in messages):
        return "".join(f"{units(str(message))}:{message}" for message in messages)
    body = b""
    for message in messages:
        is_binary = isinstance(message, bytes)
        packet = MESSAGE + message if isinstance(message, bytes) else message.encode()
        digits = bytes(int(digit) for digit in str(len(packet)))
        body += bytes([is_binary]) + digits + b"\xff" + packet
    return body


def decode_3(body: str) -> list[Message]:
    """Lengths count UTF-16 code units."""
    messages: list[Message] = []
    rest = body.encode("utf-16-le")
    while rest:
        head = re.match(rb"(?:[0-9]\0)+(?=:\0)", rest)
        assert head, rest[:20]
        start = head.end() + 2
        end = start + 2 * int(head[0].decode("utf-16-le"))
        assert end <= len(rest)
        messages.append(rest[start:end].decode("utf-16-le"))
        rest = rest[end:]
    return messages


def decode_3_binary(body: bytes) -> list[Message]:
    messages: list[Message] = []
    while body:
        kind, digits = body[0], body[1 : body.index(b"\xff")]
        start = len(digits) + 2
        end = start + int("".join(map(str, digits)))
        assert end <= len(body)
        packet, body = body[start:end], body[end:]
        assert kind in (0, 1)
        if kind == 1:
            assert packet[:1] == MESSAGE, packet[:10]
        messages.append(packet[1:] if kind == 1 else packet.decode())
    return messages


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
