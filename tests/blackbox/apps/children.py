"""Starts processes from within a request: subprocess, and multiprocessing's spawn."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import subprocess
import sys
from typing import Any


def square(number: int) -> int:
    return number * number


def by_subprocess() -> str:
    command = [sys.executable, "-c", "import django, sys; print(sys.prefix)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def by_multiprocessing() -> list[int]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(square, [1, 2, 3])


async def by_asyncio() -> str:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('from asyncio')", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    return output.decode().strip()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    answer: Any
    if scope["path"] == "/subprocess":
        answer = await asyncio.to_thread(by_subprocess)
    elif scope["path"] == "/asyncio":
        answer = await by_asyncio()
    else:
        answer = await asyncio.to_thread(by_multiprocessing)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
