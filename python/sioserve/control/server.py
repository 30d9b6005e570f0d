"""ControlServer: answers the requests on the control socket, on the server's event loop.

A peer that says nothing, too much or nonsense, or that reads nothing, gets a limited time and is
disconnected.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sioserve import __version__
from sioserve.control.emits import Emit, read_emits
from sioserve.control.listener import ControlSocket
from sioserve.control.requests import (
    EMIT_BEGINS,
    LONGEST_EMIT,
    LONGEST_REQUEST,
    Request,
    RequestFailed,
    read_request,
    to_line,
)
from sioserve.processes import rss_of

logger = logging.getLogger("sioserve")

TIME_FOR_REQUEST = 5.0  # seconds
TIME_FOR_ANSWER = 5.0  # seconds until the peer has read it
MOST_CONNECTIONS = 32


class Controlled(Protocol):
    """A server that can be controlled."""

    def figures(self) -> dict[str, Any]:
        """For `sioserve status`."""

    async def reload(self) -> str:
        """Returns what has been done. Raises RequestFailed."""

    async def emit(self, emits: Sequence[Emit]) -> list[str | None]:
        """For each, None or an error. Raises RequestFailed."""


class ControlServer:
    """Serves from start() to close()."""

    def __init__(
        self, socket: ControlSocket, service: Controlled, stop: Callable[[], None]
    ) -> None:
        """`stop` begins to stop the server."""
        self._socket = socket
        self._service = service
        self._stop = stop
        self._started = time.monotonic()
        self._connections: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        """The connections end with the process."""
        if self._accepting is not None:
            self._accepting.cancel()
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._socket.socket)
            except OSError as error:  # no descriptors are left
                logger.warning("The control socket can't be served: %s", error)
                await asyncio.sleep(1)
                continue
            if len(self._connections) >= MOST_CONNECTIONS:
                connection.close()
                continue
            task = loop.create_task(self._serve(connection))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, connection: Any) -> None:
        with connection, contextlib.suppress(OSError, asyncio.TimeoutError):
            line = await asyncio.wait_for(_read_line(connection), TIME_FOR_REQUEST)
            try:
                request = read_request(line)
                if request == "stop":
                    await self._stop_server(connection)
                    return
                await _answer(connection, {"begun": True})
                answer = {"result": await self._fulfil(request, line)}
            except RequestFailed as error:
                answer = {"error": str(error)}
            except OSError:
                raise
            except Exception:
                logger.exception("Exception in a request on the control socket")
                answer = {"error": "the server has failed to answer; its log says why"}
            await _answer(connection, answer)

    async def _stop_server(self, connection: Any) -> None:
        """Stop, also for a client that does not wait for the answers.

        Does not return: the end of the connection tells the client that the server has ended.
        """
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await _answer(connection, {"begun": True})
            await _answer(connection, {"result": "stopping"})
        loop = asyncio.get_running_loop()
        loop.call_soon(self._stop)  # an exception of a start that is stopped is not ours
        await loop.create_future()

    async def _fulfil(self, request: Request, line: bytes) -> Any:
        if request == "emit":
            return await self._service.emit(read_emits(line))
        if request == "reload":
            return await self._service.reload()
        return {
            "version": __version__,
            "pid": os.getpid(),
            "age": round(time.monotonic() - self._started, 3),
            "rss": rss_of(os.getpid()),
            **self._service.figures(),
        }


async def _read_line(connection: Any) -> bytes:
    loop = asyncio.get_running_loop()
    line = bytearray()
    limit = LONGEST_REQUEST
    while not line.endswith(b"\n") and len(line) < limit:
        part = await loop.sock_recv(connection, min(65_536, limit - len(line)))
        if not part:
            break
        line += part
        if line.startswith(EMIT_BEGINS):
            limit = LONGEST_EMIT
    return bytes(line)


async def _answer(connection: Any, message: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.wait_for(loop.sock_sendall(connection, to_line(message)), TIME_FOR_ANSWER)
