"""Tests of a user of `sioserve.testing`, for type checkers: they are checked but not run."""

from __future__ import annotations

import sio
from sioserve.testing import Emitted, SioTestServer, captured_emits, sio_client
from typing_extensions import assert_type


class ChatConsumer(sio.SocketIOConsumer):
    namespace = "/chat"


async def tests() -> None:
    with captured_emits() as emits:
        assert_type(emits, list[Emitted])
        assert_type(emits[0].rooms, frozenset[str] | None)
    async with SioTestServer(ChatConsumer, settings={"max_rooms": 3}) as server:
        assert_type(server.handler_errors, list[BaseException])
    async with sio_client(ChatConsumer, auth={"token": "x"}) as client:
        assert_type(client.connected, bool)
        assert_type(client.socket, sio.NamespaceSocket)
        await client.call("message", "hello")
