"""A request that waits until it is cancelled, for tests of stopping."""

from __future__ import annotations

import asyncio
from typing import Any


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    print("slow request began", flush=True)
    await asyncio.Event().wait()
