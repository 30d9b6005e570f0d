"""Socket.IO packets of a client, with strict checks: attachments must directly follow a packet."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

_HEAD = re.compile(r"([0-6])(?:(\d+)-)?(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = range(5)
BINARY = 3  # from EVENT to BINARY_EVENT, and from ACK to BINARY_ACK


@dataclasses.dataclass
class Packet:
    kind: int
    namespace: str
    number: int | None
    data: Any


class Decoder:
    """Decodes the messages of one session."""

    def __init__(self) -> None:
        self._waiting: Packet | None = None
        self._wanted = 0
        self._attachments: list[bytes] = []

    def feed(self, message: str | bytes) -> Packet | None:
        """The data of a message: text, or the bytes of a binary one. Returns a complete packet."""
        if isinstance(message, bytes):
            assert self._waiting is not None, "an attachment without its packet"
            self._attachments.append(message)
        else:
            assert self._waiting is None, f"{message[:100]!r} came before all attachments"
            match = _HEAD.fullmatch(message)
            assert match, message[:100]
            kind, amount, namespace, number, data = match.groups()
            self._wanted = int(amount or 0)
            self._attachments = []
            self._waiting = Packet(
                int(kind),
                namespace or "/",
                int(number) if number else None,
                json.loads(data) if data else None,
            )
        if len(self._attachments) < self._wanted:
            return None
        packet, self._waiting = self._waiting, None
        if packet.kind > CONNECT_ERROR:
            packet.kind -= BINARY
            packet.data = self._filled(packet.data)
        return packet

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            if value.get("_placeholder"):
                return self._attachments[value["num"]]
            return {key: self._filled(item) for key, item in value.items()}
        return value


def encode(kind: int, namespace: str, data: Any = None, number: int | None = None) -> list[Any]:
    """The Engine.IO messages of one packet: text with its type, then attachments."""
    attachments: list[bytes] = []

    def emptied(value: Any) -> Any:
        if isinstance(value, bytes):
            attachments.append(value)
            return {"_placeholder": True, "num": len(attachments) - 1}
        if isinstance(value, list | tuple):
            return [emptied(item) for item in value]
        if isinstance(value, dict):
            return {key: emptied(item) for key, item in value.items()}
        return value

    text = "" if data is None else json.dumps(emptied(data), ensure_ascii=False)
    head = f"4{kind + BINARY}{len(attachments)}-" if attachments else f"4{kind}"
    place = "" if namespace == "/" else f"{namespace},"
    return [f"{head}{place}{'' if number is None else number}{text}", *attachments]
