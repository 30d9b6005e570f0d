"""An ASGI application that holds up what a Python process measures of itself, for a known time.

Each answer has the times at which that began and ended, on the clock that all processes share.
"""

from __future__ import annotations

import ctypes
import gc
import json
import time
from typing import Any
from urllib.parse import parse_qsl

libc_with_gil = ctypes.PyDLL(None)  # keeps the GIL during a call
kept: list[bytes] = []


def hold_gil(seconds: float) -> None:
    libc_with_gil.usleep(round(seconds * 1e6))


def block_loop(seconds: float) -> None:
    time.sleep(seconds)


def calculate(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def keep_memory(megabytes: float) -> None:
    kept.append(b"x" * round(megabytes * 1e6))


def forget_memory(_: float) -> None:
    kept.clear()


def collect(times: float) -> None:
    for _ in range(round(times)):
        gc.collect()


WORKS = {
    "/gil": hold_gil,
    "/loop": block_loop,
    "/cpu": calculate,
    "/collect": collect,
    "/memory": keep_memory,
    "/forget": forget_memory,
}


async def application(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    query = dict(parse_qsl(scope["query_string"].decode()))
    start = time.monotonic()
    WORKS[scope["path"]](float(query.get("amount", 0)))
    body = json.dumps([start, time.monotonic()]).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
