"""A request that holds the GIL until a file exists, for functions that must work without Python."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any
from urllib.parse import parse_qs

# Unlike CDLL, PyDLL does not release the GIL around a call.
USLEEP = ctypes.PyDLL(None).usleep
EXISTS = ctypes.PyDLL(None).access
MILLISECOND = 1000


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    (path,) = parse_qs(scope["query_string"])[b"until"]
    path = os.fsencode(path)
    print("greedy request began", flush=True)
    sys.setswitchinterval(3600)  # otherwise other threads would get the GIL between two calls
    while EXISTS(path, 0) != 0:
        USLEEP(10 * MILLISECOND)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"done"})
