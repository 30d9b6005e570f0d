"""Engine.IO packets as text and bytes, for tools and tests; the server has its own codec.

See "Packet encoding" in the Engine.IO protocol, revision 4.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass

from . import constants
from .constants import RECORD_SEPARATOR

MESSAGE = "4"
_PACKET_TYPES = "0123456"
_BINARY_PREFIX = "b"


@dataclass
class Packet:
    """`type` is a digit from "0" to "6": open, close, ping, pong, message, upgrade, noop.

    `binary`: data is bytes.
    """

    type: str
    data: str | bytes | None = None
    binary: bool = False


def encode_open_packet(
    sid: str,
    upgrades: Iterable[str],
    ping_interval_ms: int | None = None,
    ping_timeout_ms: int | None = None,
    max_payload: int | None = None,
) -> str:
    """The packet that answers a handshake; what is None comes from the settings."""
    handshake = {
        "sid": sid,
        "upgrades": list(upgrades),
        "pingInterval": _or(ping_interval_ms, constants.PING_INTERVAL_MS),
        "pingTimeout": _or(ping_timeout_ms, constants.PING_TIMEOUT_MS),
        "maxPayload": _or(max_payload, constants.MAX_PAYLOAD_BYTES),
    }
    return "0" + json.dumps(handshake, separators=(",", ":"))


def encode_text_packet(packet_type: str, data: str = "") -> str:
    return packet_type + data


def encode_http_binary_message(data: bytes) -> str:
    """A binary message as a segment of a polling payload."""
    return _BINARY_PREFIX + base64.b64encode(data).decode("ascii")


def encode_http_payload(parts: Iterable[str]) -> str:
    """Encoded packets as the body of one polling request or answer."""
    return RECORD_SEPARATOR.join(parts)


def decode_http_payload(body: bytes) -> list[Packet]:
    """The packets of a polling body; empty ones are passed over.

    Raises ValueError for bytes that are not UTF-8, unknown packet types and invalid base64.
    """
    segments = body.decode("utf-8").split(RECORD_SEPARATOR)
    return [_decode_segment(segment) for segment in segments if segment]


def decode_ws_text_frame(text_data: str) -> Packet:
    """The packet of a text frame. Raises ValueError for an empty one or an unknown type."""
    return Packet(_checked_type(text_data[:1]), text_data[1:])


def decode_ws_binary_frame(bytes_data: bytes) -> Packet:
    """The packet of a binary frame that starts with its type.

    Raises ValueError for an empty one or an unknown type.
    """
    return Packet(_checked_type(bytes_data[:1].decode("latin-1")), bytes_data[1:], binary=True)


def encode_ws_text_frame(packet_type: str, data: str = "") -> str:
    return packet_type + data


def encode_ws_binary_frame(packet_type: str, data: bytes) -> bytes:
    return packet_type.encode("ascii") + data


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _checked_type(packet_type: str) -> str:
    if not packet_type or packet_type not in _PACKET_TYPES:
        raise ValueError(f"no Engine.IO packet starts with {packet_type!r}")
    return packet_type


def _decode_segment(segment: str) -> Packet:
    if not segment.startswith(_BINARY_PREFIX):
        return decode_ws_text_frame(segment)
    try:
        data = base64.b64decode(segment[len(_BINARY_PREFIX) :], validate=True)
    except binascii.Error as error:
        raise ValueError(f"invalid base64 in a polling payload: {error}") from error
    return Packet(MESSAGE, data, binary=True)
