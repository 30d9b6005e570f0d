"""Socket.IO packets as Engine.IO messages, for tools and tests; the server has its own parser.

See "Packet encoding" in the Socket.IO protocol, revision 5. The form is

    <type>[<number of attachments>-][<namespace>,][<ack id>][JSON]

and every attachment follows as a binary message of its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .constants import (
    DEFAULT_NAMESPACE,
    SIO_ACK,
    SIO_BINARY_ACK,
    SIO_BINARY_EVENT,
    SIO_CONNECT,
    SIO_CONNECT_ERROR,
    SIO_DISCONNECT,
    SIO_EVENT,
)

_MAX_ATTACHMENTS = 10
_BINARY_TYPES = {SIO_EVENT: SIO_BINARY_EVENT, SIO_ACK: SIO_BINARY_ACK}

_PACKET = re.compile(
    r"(?P<type>[0-6])"
    r"(?:(?P<attachments>[0-9]{1,9})-)?"
    r"(?P<namespace>/[^,]*,?)?"
    r"(?P<id>[0-9]{1,15})?"
    r"(?P<json>.*)",
    re.DOTALL | re.ASCII,
)


@dataclass
class SocketIOPacket:
    """`data` is a JSON value with bytes anywhere in it; `id` asks for or answers an ack.

    `attachments` counts the bytes objects of a binary packet.
    """

    type: int
    namespace: str = DEFAULT_NAMESPACE
    data: Any = None
    id: int | None = None
    attachments: int = 0

    def is_binary(self) -> bool:
        return self.type in (SIO_BINARY_EVENT, SIO_BINARY_ACK)


def encode_packet_to_eio(pkt: SocketIOPacket) -> tuple[str, list[bytes]]:
    """The text message and the binary messages of a packet.

    An event or ack with bytes in it becomes binary. Raises TypeError for what JSON can't hold.
    """
    attachments: list[bytes] = []
    data = _take_attachments(pkt.data, attachments)
    packet_type = _BINARY_TYPES.get(pkt.type, pkt.type) if attachments else pkt.type
    text = str(packet_type)
    if packet_type in _BINARY_TYPES.values():
        text += f"{len(attachments)}-"
    if pkt.namespace != DEFAULT_NAMESPACE:
        text += f"{pkt.namespace},"
    if pkt.id is not None:
        text += str(pkt.id)
    if data is not None:
        text += json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return text, attachments


class SocketIOParser:
    """Makes packets out of one client's messages, in the order in which they arrive."""

    def __init__(self, max_attachments: int = _MAX_ATTACHMENTS) -> None:
        self._max_attachments = max_attachments
        self.protocol_error: str | None = None
        self._unfinished: SocketIOPacket | None = None
        self._attachments: list[bytes] = []

    def feed_eio_message(self, payload: str | bytes, binary: bool) -> list[SocketIOPacket]:
        """The packet that this message completes, or an empty list.

        After a message that breaks the protocol, `protocol_error` says how; otherwise it is None.
        """
        self.protocol_error = None
        try:
            if isinstance(payload, str) == binary:
                raise ValueError("a text message is a str, a binary one bytes")
            packet = self._parse(payload) if isinstance(payload, str) else self._attach(payload)
        except (ValueError, RecursionError) as error:
            self._unfinished = None
            self._attachments = []
            self.protocol_error = str(error)
            return []
        return [] if packet is None else [packet]

    def _parse(self, text: str) -> SocketIOPacket | None:
        if self._unfinished is not None:
            raise ValueError("a text message came while attachments were missing")
        packet = _parse_text(text, self._max_attachments)
        if packet.attachments:
            self._unfinished = packet
            return None
        return packet

    def _attach(self, data: bytes) -> SocketIOPacket | None:
        packet = self._unfinished
        if packet is None:
            raise ValueError("a binary message came that no packet announced")
        self._attachments.append(data)
        if len(self._attachments) < packet.attachments:
            return None
        packet.data = _put_attachments(packet.data, self._attachments)
        self._unfinished = None
        self._attachments = []
        return packet


def _parse_text(text: str, max_attachments: int) -> SocketIOPacket:
    match = _PACKET.fullmatch(text)
    if match is None:
        raise ValueError("not a Socket.IO packet")
    packet = SocketIOPacket(int(match["type"]))
    if packet.is_binary() != (match["attachments"] is not None):
        raise ValueError("only binary packets have a number of attachments")
    packet.attachments = int(match["attachments"] or 0)
    if packet.attachments > max_attachments:
        raise ValueError(f"more than {max_attachments} attachments")
    if match["namespace"]:
        packet.namespace = match["namespace"].rstrip(",").partition("?")[0]
    if match["id"]:
        packet.id = int(match["id"])
    if match["json"]:
        packet.data = json.loads(match["json"])
    _check_data(packet)
    return packet


def _check_data(packet: SocketIOPacket) -> None:
    data = packet.data
    if packet.type == SIO_CONNECT:
        valid = data is None or isinstance(data, dict)
    elif packet.type == SIO_DISCONNECT:
        valid = data is None
    elif packet.type == SIO_CONNECT_ERROR:
        valid = isinstance(data, str | dict)
    elif packet.type in (SIO_ACK, SIO_BINARY_ACK):
        valid = isinstance(data, list) and packet.id is not None
    else:
        valid = isinstance(data, list) and bool(data) and type(data[0]) in (str, int)
    if not valid:
        raise ValueError(f"invalid data in a packet of type {packet.type}")


def _take_attachments(value: Any, attachments: list[bytes]) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        attachments.append(bytes(value))
        return {"_placeholder": True, "num": len(attachments) - 1}
    if isinstance(value, list | tuple):
        return [_take_attachments(item, attachments) for item in value]
    if isinstance(value, dict):
        return {key: _take_attachments(item, attachments) for key, item in value.items()}
    return value


def _put_attachments(value: Any, attachments: list[bytes]) -> Any:
    if isinstance(value, list):
        return [_put_attachments(item, attachments) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("_placeholder") is not True:
        return {key: _put_attachments(item, attachments) for key, item in value.items()}
    number = value.get("num")
    if type(number) is not int or not 0 <= number < len(attachments):
        raise ValueError("a placeholder without an attachment")
    return attachments[number]
