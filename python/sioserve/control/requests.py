"""What is said on the control socket.

A request is {"request": "status"}. The first answer is {"begun": true}, so that a client knows that
the server works on it, the second is {"result": ...} or {"error": "a sentence"}. The request "emit"
has more members, and comes from sio.ControlEmitter (`emits.py`); the others are commands, too.
"""

from __future__ import annotations

import json
from typing import Any, Literal, get_args

Command = Literal["status", "reload", "stop"]
COMMANDS: tuple[Command, ...] = get_args(Command)
Request = Command | Literal["emit"]
REQUESTS: tuple[Request, ...] = (*COMMANDS, "emit")

LONGEST_REQUEST = 4096  # bytes
EMIT_BEGINS = b'{"request": "emit"'
LONGEST_EMIT = 16_000_000  # bytes; as in sio/socketio/cluster/control_client.py
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
