"""What is said on the control socket.

A request is {"request": "status"}. The first answer is {"begun": true}, so that a client knows that
the server works on it, the second is {"result": ...} or {"error": "a sentence"}.
"""

from __future__ import annotations

import json
from typing import Any, Literal, get_args

Request = Literal["status", "reload", "stop"]
REQUESTS: tuple[Request, ...] = get_args(Request)

LONGEST_REQUEST = 4096  # bytes
LONGEST_ANSWER = 16_000_000


class RequestFailed(Exception):
    """The request can't be fulfilled; the message is a sentence."""


def to_line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def read_request(line: bytes) -> Request:
    """Raises RequestFailed for anything else."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise RequestFailed("a request is one line of JSON") from None
    request = message.get("request") if isinstance(message, dict) else None
    if request not in REQUESTS:
        raise RequestFailed(f"the requests are {', '.join(REQUESTS)}")
    found: Request = request
    return found
