"""All kinds of invalid packets, sent to a running server in both encodings over both transports;
tests/unit/socketio/refusals_test.cc checks the reasons in the same table.
"""

from __future__ import annotations

import asyncio
import base64
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from support.engineio import SESSIONS, Packet, Session, SessionEnded
from support.hostile import PATIENCE
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts

TABLE = json.loads((pathlib.Path(__file__).parents[1] / "support" / "refusals.json").read_text())


@pytest.fixture(scope="module", params=["text", "msgpack"])
def encoding(request: pytest.FixtureRequest) -> str:
    """The column of the table."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(encoding: str) -> Iterator[ServerProcess]:
    parser = "json" if encoding == "text" else "msgpack"
    process = ServerProcess("native:application", "--socketio-parser", parser, cwd=APPS).start()
    yield process
    process.stop()


def with_bytes(value: Any) -> Any:
    """Replaces {"_binary": text} by bytes."""
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if isinstance(value, dict):
        if "_binary" in value:
            return value["_binary"].encode()
        return {key: with_bytes(item) for key, item in value.items()}
    return value


def encoded(packet: Any, encoding: str, transport: str) -> Packet:
    """An Engine.IO message."""
    if encoding == "text":
        return f"4{packet}"
    data: bytes = msgpack.packb(with_bytes(packet))
    return data if transport == "websocket" else "b" + base64.b64encode(data).decode()


async def answers(session: Session) -> bool:
    """Whether a call is acknowledged before the session is closed."""
    while True:
        packet = await session.next_message()
        text = packet.decode("latin-1") if isinstance(packet, bytes) else packet
        if text.startswith("b"):
            text = base64.b64decode(text[1:]).decode("latin-1")
        if text == "1" or "still here" in text:
            return text != "1"


CALL = {
    "text": '277["reply","still here"]',
    "msgpack": {"type": 2, "nsp": "/", "id": 77, "data": ["reply", "still here"]},
}
CONNECT = {"text": "0", "msgpack": {"type": 0, "nsp": "/"}}


@pytest.mark.parametrize("transport", SESSIONS)
async def test_each_refused_packet_closes_its_session(
    transport: str, encoding: str, server: ServerProcess
) -> None:
    async def is_taken(row: dict[str, Any]) -> bool:
        async with SESSIONS[transport](server.url) as session:

            async def send(packet: Any) -> None:
                await session.send(encoded(packet, encoding, transport))

            if row.get("joined", True):
                await send(CONNECT[encoding])
                await session.next_message()
            try:
                await send(row[encoding])
                if row.get("taken"):
                    if encoding == "text" and "attachments" in row:
                        attachment = b"b" if transport == "websocket" else "bYg=="
                        await session.send(*[attachment] * row["attachments"])
                    await send(CALL[encoding])
                return await asyncio.wait_for(answers(session), PATIENCE)
            except SessionEnded:
                return False
            except asyncio.TimeoutError:
                return True  # waits for more input

    rows = [row for row in TABLE if row[encoding] is not None]
    assert len(rows) > 60
    for start in range(0, len(rows), 20):
        part = rows[start : start + 20]
        taken = await asyncio.gather(*map(is_taken, part))
        wrong = [
            row["rule"]
            for row, was in zip(part, taken, strict=True)
            if was != row.get("taken", False)
        ]
        assert wrong == []
    assert (await asyncio.to_thread(read_counts, server))["bad_packets"] > 40
