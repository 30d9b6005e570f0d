"""resuming.py with a function about names of namespaces that never ends."""

from __future__ import annotations

import asyncio
from typing import Any

import sio
from resuming import application

__all__ = ["application"]


async def endless(name: str, auth: Any) -> bool:
    print(f"asked about {name}", flush=True)
    await asyncio.sleep(3600)
    return True


sio.get_socketio_server().of(endless)
