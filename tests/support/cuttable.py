"""A proxy between clients and a server that can cut connections."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Cuttable:
    """`url` is an address for clients; it forwards to the server while the proxy runs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""

    def cut(self) -> None:
        """Resets all connections, in both directions; new ones are accepted."""
        for writer in self._open:
            if writer.transport.is_closing():
                continue
            peer = writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, onward_writer}
        await asyncio.gather(relay(reader, onward_writer), relay(onward_reader, writer))
        self._open -= {writer, onward_writer}


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def cuttable(port: int) -> AsyncIterator[Cuttable]:
    """A proxy for the server at this port of 127.0.0.1."""
    proxy = Cuttable(port)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        listener.close()
        proxy.cut()
