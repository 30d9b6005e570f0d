"""Log lines that say what a stop waits for, if it takes time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sioserve.unfinished import name

logger = logging.getLogger("sioserve")

PAUSE = 0.5  # seconds before the first line: most stops need less
INTERVAL = 5.0  # seconds between lines
NAMED = 3  # of each kind; the others are counted

Named = tuple[str, Sequence[str]]  # a kind, in the singular, and the names of its members


async def log_what_is_waited_for(waited_for: Callable[[], Iterable[Named]]) -> None:
    """Log it until cancelled."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(PAUSE)
    while True:
        kinds = [described(kind, names) for kind, names in waited_for() if names]
        if kinds:
            seconds = loop.time() - began
            logger.info("The stop has waited %.1f s for %s", seconds, "; ".join(kinds))
        await asyncio.sleep(INTERVAL)


def described(kind: str, names: Sequence[str]) -> str:
    """For example "2 requests: GET /a, GET /b"."""
    plural = "" if len(names) == 1 else "s"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} {kind}{plural}: {', '.join(names[:NAMED])}{more}"


def requests_and_websockets(scopes: Iterable[Mapping[str, Any]]) -> Iterable[Named]:
    """What these scopes belong to."""
    names: dict[str, list[str]] = {"http": [], "websocket": []}
    for scope in scopes:
        names[scope["type"]].append(name(scope))
    return [("request", names["http"]), ("WebSocket", names["websocket"])]
