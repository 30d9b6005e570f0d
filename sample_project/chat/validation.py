"""Checks of data from clients. All payloads are checked here before they are used."""

import re
from typing import Any

from django.conf import settings

MAX_TEXT = 2000
CLIENT_ID = re.compile(r"[0-9A-Za-z-]{8,40}")
# The image types that an HTML page may show, by the first bytes; the client's type is ignored.
SIGNATURES = [
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", ".png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", ".jpg"),
    (re.compile(rb"GIF8[79]a"), "image/gif", ".gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp", ".webp"),
]


class Refused(Exception):
    """The client's request is refused; the text is shown to the user."""


def field(payload: Any, name: str, kind: type) -> Any:
    """payload[name], which must have exactly this type (so True is not an int)."""
    value = payload.get(name) if isinstance(payload, dict) else None
    if type(value) is not kind:
        raise Refused(f"“{name}” is missing or of the wrong type.")
    return value


def slug(payload: Any) -> str:
    """The room in the payload; the database checks whether it exists."""
    value = field(payload, "room", str)
    if not 0 < len(value) <= 50:
        raise Refused("There is no such room.")
    return value


def client_id(payload: Any) -> str:
    value = field(payload, "client_id", str)
    if not CLIENT_ID.fullmatch(value):
        raise Refused("“client_id” is not valid.")
    return value


def message_id(payload: Any, name: str) -> int:
    value = field(payload, name, int)
    if not 0 < value < 2**63:
        raise Refused(f"“{name}” is not a message.")
    return value


def text(payload: Any, name: str = "text") -> str:
    """Text without surrounding space, possibly empty, at most MAX_TEXT characters."""
    value = field(payload, name, str).strip()
    if len(value) > MAX_TEXT:
        raise Refused(f"A message has at most {MAX_TEXT} characters.")
    if "\0" in value:
        raise Refused("The text holds a character that can't be stored.")
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        raise Refused("The text is not valid Unicode.") from None
    return value


def image(payload: Any) -> tuple[bytes, str, str]:
    """The image's bytes, its media type and a file name extension."""
    value = payload.get("image") if isinstance(payload, dict) else None
    if not isinstance(value, bytes | bytearray | memoryview):
        raise Refused("“image” is missing or not binary.")
    data = bytes(value)
    if len(data) > settings.CHAT_MAX_IMAGE_BYTES:
        raise Refused(f"An image has at most {settings.CHAT_MAX_IMAGE_BYTES // 1_000_000} MB.")
    for signature, media_type, extension in SIGNATURES:
        if signature.match(data):
            return data, media_type, extension
    raise Refused("Only PNG, JPEG, GIF and WebP images can be shared.")
