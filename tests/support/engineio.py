"""Raw Engine.IO sessions: every packet as it is on the wire, over polling and WebSocket."""

from __future__ import annotations

import abc
import asyncio
import json
from collections import deque
from types import TracebackType
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .raw_http import RawConnection

TIMEOUT = 30.0
SEPARATOR = "\x1e"

Packet = str | bytes


class Session(abc.ABC):
    """One Engine.IO session; `handshake` is the content of the server's open packet.

    On polling, binary packets are strings ("b" and base64); on a WebSocket, bytes.
    """

    def __init__(self, url: str, path: str, headers: dict[str, str] | None) -> None:
        self.url = url
        self.path = path
        self.headers = headers or {}
        self.handshake: dict[str, Any] = {}

    @property
    def sid(self) -> str:
        return str(self.handshake["sid"])

    async def __aenter__(self) -> Session:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.abandon()

    @abc.abstractmethod
    async def open(self) -> None: ...

    @abc.abstractmethod
    async def send(self, *packets: Packet) -> None: ...

    @abc.abstractmethod
    async def receive(self) -> Packet:
        """The next packet, of any type. Raises SessionEnded if the session is closed."""

    @abc.abstractmethod
    async def abandon(self) -> None:
        """Close the connection without a close packet."""

    async def next_message(self) -> Packet:
        """The next message or close packet; pings are answered, noops ignored."""
        while True:
            packet = await self.receive()
            if packet == "2":
                await self.send("3")
            elif packet != "6":
                return packet

    # --- Socket.IO ---

    async def join_namespace(self, namespace: str = "/", auth: Any = None) -> str:
        """Connects to a namespace; returns the socket's id. Asserts that the server accepts."""
        await self.send(connect_packet(namespace, auth))
        answer = await self.next_message()
        assert isinstance(answer, str)
        assert answer.startswith("40" + prefix(namespace)), answer
        return str(json.loads(answer[2 + len(prefix(namespace)) :])["sid"])

    async def emit(
        self, event: str, *args: Any, namespace: str = "/", ack: int | None = None
    ) -> None:
        await self.send(event_packet(event, *args, namespace=namespace, ack=ack))

    async def next_event(self, namespace: str = "/") -> list[Any]:
        """The next packet's event name and arguments. Asserts that it is an event."""
        packet = await self.next_message()
        start = "42" + prefix(namespace)
        assert isinstance(packet, str)
        assert packet.startswith(start), packet
        return list(json.loads(packet[len(start) :].lstrip("0123456789")))

    async def call(self, event: str, *args: Any, ack: int = 77, namespace: str = "/") -> list[Any]:
        """Emits an event and returns the acknowledgement. Asserts that it is the next packet."""
        await self.emit(event, *args, namespace=namespace, ack=ack)
        packet = await self.next_message()
        start = f"43{prefix(namespace)}{ack}"
        assert isinstance(packet, str)
        assert packet.startswith(f"{start}["), packet
        return list(json.loads(packet[len(start) :]))


class SessionEnded(Exception):
    """The session is closed; the argument is the server's response."""


class PollingSession(Session):
    """A session over HTTP requests. It sends no request on its own.

    `query` is added to the handshake's URL: "&name=value".
    """

    def __init__(
        self,
        url: str,
        path: str = "/socket.io/",
        headers: dict[str, str] | None = None,
        query: str = "",
    ) -> None:
        super().__init__(url, path, headers)
        self.query = query
        self.http = httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT)
        self._received: deque[str] = deque()

    async def open(self) -> None:
        response = await self.http.get(f"{self.path}?EIO=4&transport=polling{self.query}")
        assert response.status_code == 200, response.text
        assert response.text[0] == "0"
        self.handshake = json.loads(response.text[1:])

    @property
    def target(self) -> str:
        """Path and query of this session's requests."""
        return f"{self.path}?EIO=4&transport=polling&sid={self.sid}"

    async def get(self) -> httpx.Response:
        return await self.http.get(self.target)

    async def post(self, body: str | bytes) -> httpx.Response:
        return await self.http.post(self.target, content=body)

    async def poll(self) -> list[str]:
        """The packets of one GET. Raises SessionEnded for any status but 200."""
        response = await self.get()
        if response.status_code != 200:
            raise SessionEnded(response.text)
        return response.text.split(SEPARATOR)

    async def send(self, *packets: Packet) -> None:
        response = await self.post(SEPARATOR.join(str(packet) for packet in packets))
        if response.status_code != 200:
            raise SessionEnded(response.text)

    async def receive(self) -> Packet:
        while not self._received:
            self._received.extend(await self.poll())
        return self._received.popleft()

    async def abandon(self) -> None:
        await self.http.aclose()

    async def probe(self, query: str = "") -> ClientConnection:
        """A WebSocket for this session, before its probe. `query` is added to its URL."""
        base = self.url.replace("http", "ws", 1)
        return await connect(
            f"{base}{self.path}?EIO=4&transport=websocket&sid={self.sid}{query}", proxy=None
        )


class WebSocketSession(Session):
    """A session over one WebSocket."""

    websocket: ClientConnection

    def __init__(
        self, url: str, path: str = "/socket.io/", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(url, path, headers)

    async def open(self) -> None:
        base = self.url.replace("http", "ws", 1)
        self.websocket = await connect(
            f"{base}{self.path}?EIO=4&transport=websocket",
            additional_headers=self.headers,
            proxy=None,
            max_size=None,
            open_timeout=TIMEOUT,
            # Engine.IO has heartbeats. A client that reads a flood on a busy machine would take the
            # delay of its own ping for a lost connection.
            ping_interval=None,
        )
        packet = await self.receive()
        assert isinstance(packet, str)
        assert packet[0] == "0"
        self.handshake = json.loads(packet[1:])

    async def send(self, *packets: Packet) -> None:
        try:
            for packet in packets:
                await self.websocket.send(packet)
        except ConnectionClosed as closed:
            raise SessionEnded(str(closed)) from None

    async def receive(self) -> Packet:
        try:
            return await asyncio.wait_for(self.websocket.recv(), TIMEOUT)
        except ConnectionClosed as closed:
            raise SessionEnded(str(closed)) from None

    async def abandon(self) -> None:
        self.websocket.transport.abort()


SESSIONS: dict[str, type[PollingSession] | type[WebSocketSession]] = {
    "polling": PollingSession,
    "websocket": WebSocketSession,
}


async def waiting_poll(session: PollingSession, namespace: str = "/") -> RawConnection:
    """A GET that the server has received and not answered. Nothing may be queued.

    The client is in that namespace.
    """
    connection = await asyncio.to_thread(RawConnection, httpx.URL(session.url).port)
    # Afterwards, the server has accepted the connection.
    connection.get("/socket.io/socket.io.js", method="HEAD")
    await asyncio.to_thread(connection.read_response, "HEAD")
    connection.get(session.target)
    # After this later round trip, the server has read the GET.
    await session.send(event_packet("quiet", namespace=namespace))
    return connection


def prefix(namespace: str) -> str:
    """The namespace at the start of a packet."""
    return "" if namespace == "/" else f"{namespace},"


def connect_packet(namespace: str = "/", auth: Any = None) -> str:
    return "40" + prefix(namespace) + ("" if auth is None else json.dumps(auth))


def event_packet(event: str, *args: Any, namespace: str = "/", ack: int | None = None) -> str:
    number = "" if ack is None else str(ack)
    return "42" + prefix(namespace) + number + json.dumps([event, *args])
