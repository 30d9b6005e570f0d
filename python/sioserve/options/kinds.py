"""Kinds of values: how the text of an option is parsed and converted for the native core.

All sources give text, so a value means the same on the command line, in the environment and in a
file.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
SHORTEST_SECRET = 16
UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


class Kind(NamedTuple):
    """`parse` raises ValueError with the end of a sentence: '"x" is not a number'.

    `pair_mark` separates the two parts of a pair; in a file a pair may be written as a table.
    """

    metavar: str
    parse: Callable[[str], Any]
    to_setting: Callable[[Any], Any] = lambda value: value
    pair_mark: str = ""


def _text(text: str) -> str:
    return text


def _boolean(text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ValueError(f'"{text}" is neither true nor false')


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f'"{text}" is not a whole number from 0 up')
    return int(text)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise ValueError(f'"{text}" is not a whole number from 1 up')
    return int(text)


def _workers(text: str) -> int:
    if text == "auto":
        return len(os.sched_getaffinity(0))
    try:
        return _positive(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a whole number from 1 up, or auto') from None


def _log_format(text: str) -> str:
    logging.Formatter(text)  # raises ValueError
    return text


def _access_log(text: str) -> str:
    # In a file or a variable: the option without a value, and its opposite.
    if text.lower() in TRUE:
        return "-"
    return "none" if text.lower() in FALSE else text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise ValueError(f'"{text}" is not a port number (0 to 65535)')
    return int(text)


def _address(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:]+)):([^:]*)", text)
    if match is None:
        raise ValueError(f'"{text}" is not HOST:PORT; write 0.0.0.0 or [::] for all addresses')
    return match[1] or match[2], _port(match[3])


def _redirect(text: str) -> tuple[int, int | None]:
    port, colon, target = text.partition(":")
    return _port(port), _port(target) if colon else None


def _size(text: str) -> int:
    match = re.fullmatch(r"([0-9]+)([KMG]?)", text, re.ASCII | re.IGNORECASE)
    if match is None:
        raise ValueError(f'"{text}" is not a number of bytes such as 65536, 64K, 10M or 2G')
    return int(match[1]) * UNITS[match[2].upper()]


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a number of seconds') from None
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f'"{text}" is not a number of seconds from 0 up')
    return seconds


def _endless_seconds(text: str) -> float:
    return 0.0 if text == "-1" else _seconds(text)  # daphne's value for "no timeout"


def _positive_seconds(text: str) -> float:
    seconds = _seconds(text)
    if seconds == 0:
        raise ValueError(f'"{text}" is not a number of seconds above 0')
    return seconds


def _milliseconds(seconds: float) -> int:
    # Rounded up: a short time must not become 0, which means none.
    return math.ceil(seconds * 1000)


def _positive_size(text: str) -> int:
    size = _size(text)
    if size == 0:
        raise ValueError(f'"{text}" is not a number of bytes above 0')
    return size


def _octal(text: str) -> int:
    if re.fullmatch("(0o?)?[0-7]{3}", text) is None:
        raise ValueError(f'"{text}" is not a file mode such as 660 (octal)')
    return int(text, 8)


def _path(text: str) -> str:
    path = "/" + text.strip("/")
    if path == "/" or any(character in path for character in "?# "):
        raise ValueError(f'"{text}" is not a path such as "/socket.io"')
    return path


def _root_path(text: str) -> str:
    if text in ("", "/"):
        return ""
    if not text.startswith("/"):
        raise ValueError(f'"{text}" does not begin with a slash')
    return text.rstrip("/")


def _header_name(text: str) -> str:
    if TOKEN.fullmatch(text) is None:
        raise ValueError(f'"{text}" is not the name of a header')
    return text


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip(" \t")
    if not colon or TOKEN.fullmatch(name) is None:
        raise ValueError(f'"{text}" is not a header: write NAME:VALUE')
    if not value.isascii() or not value.isprintable():
        raise ValueError(f'the value of header "{name}" has characters that no header may have')
    return name, value


def _header_value(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError(f'"{text}" has characters that no header may have')
    return text


def _static(text: str) -> tuple[str, str]:
    prefix, equals, directory = text.partition("=")
    if not equals or not prefix or not directory:
        raise ValueError(f'"{text}" is not PREFIX=DIR, for example /static/=staticfiles')
    if any(character in prefix for character in "?#%"):
        raise ValueError(f'"{prefix}" is not the beginning of a path such as /static/')
    stripped = prefix.strip("/")
    return f"/{stripped}/" if stripped else "/", directory


def _reachable(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+)):([0-9]+)", text, re.ASCII)
    if match is None or int(match[3]) > 65535:
        raise ValueError(f'"{text}" is not HOST:PORT, for example 10.0.0.11:7000')
    host = match[1] or match[2]
    if host in ("0.0.0.0", "::", "*"):
        raise ValueError(f'"{text}" is no address that other servers can connect to')
    return host, int(match[3])


def _secret(text: str) -> str:
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"it has fewer than {SHORTEST_SECRET} characters")
    return text


def _list(text: str) -> tuple[str, ...]:
    return tuple(stripped for part in text.split(",") if (stripped := part.strip()))


def between(lowest: int, highest: int) -> Kind:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() else -1
        if not lowest <= number <= highest:
            raise ValueError(f'"{text}" is not a number from {lowest} to {highest}')
        return number

    return Kind(f"{lowest}-{highest}", parse)


def choice(*names: str) -> Kind:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f'"{text}" is not one of {", ".join(names)}')
        return text

    return Kind("|".join(names), parse)


def _client_certificates(text: str) -> str:
    names = ("none", "optional", "required")
    if text in ("0", "1", "2"):  # as uvicorn has it: Python's ssl.CERT_REQUIRED is 2
        return names[int(text)]
    if text not in names:
        raise ValueError(f'"{text}" is not one of {", ".join(names)}')
    return text


def named(kind: Kind, metavar: str) -> Kind:
    """The same kind with another name in the help."""
    return kind._replace(metavar=metavar)


TEXT = Kind("TEXT", _text)
LIST = Kind("LIST", _list)
FILE = Kind("FILE", _text)
DIRECTORY = Kind("DIR", _text)
BOOLEAN = Kind("BOOLEAN", _boolean)
NUMBER = Kind("N", _number)
POSITIVE = Kind("N", _positive)
WORKERS = Kind("N", _workers)
LOG_FORMAT = Kind("FORMAT", _log_format)
ACCESS_LOG = Kind("FILE", _access_log)
PORT = Kind("PORT", _port)
ADDRESS = Kind("HOST:PORT", _address)
REDIRECT = Kind("PORT[:TARGET]", _redirect)
CLIENT_CERTIFICATES = Kind("none|optional|required", _client_certificates)
SIZE = Kind("BYTES", _size)
POSITIVE_SIZE = Kind("BYTES", _positive_size)
SECONDS = Kind("SECONDS", _seconds, _milliseconds)
ENDLESS_SECONDS = Kind("SECONDS", _endless_seconds, _milliseconds)
POSITIVE_SECONDS = Kind("SECONDS", _positive_seconds, _milliseconds)
MODE = Kind("OCTAL", _octal)
URL_PATH = Kind("PATH", _path)
ROOT_PATH = Kind("PATH", _root_path)
HEADER_NAME = Kind("HEADER", _header_name, str.lower)
HEADER_VALUE = Kind("NAME", _header_value)
HEADER = Kind("NAME:VALUE", _header, pair_mark=":")
HOST_AND_PORT = Kind("HOST:PORT", _reachable)
SECRET = Kind("TEXT", _secret)
STATIC = Kind("PREFIX=DIR", _static, pair_mark="=")
