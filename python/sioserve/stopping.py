"""stop_event(): how an application learns that its server has begun to stop."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

_events: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = WeakKeyDictionary()


def stop_event() -> asyncio.Event:
    """The event that is set when the server on the running event loop begins to stop.

    A request that waits for news (a long poll) waits for it too, and answers, instead of using up
    the time that requests in flight have. Where the loop has no server (a test, another ASGI
    server), the event is never set. Raises RuntimeError outside of an event loop, as in a sync
    view.
    """
    return _events.setdefault(asyncio.get_running_loop(), asyncio.Event())


def begin_serving() -> asyncio.Event:
    """A new event, for the server that starts on the running event loop."""
    event = _events[asyncio.get_running_loop()] = asyncio.Event()
    return event
