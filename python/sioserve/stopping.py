"""stop_event(): how an application learns that its server has begun to stop.

asyncio is imported in the functions: each pytest run of a project imports this package, through
the plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import asyncio

_events: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = WeakKeyDictionary()


def stop_event() -> asyncio.Event:
    """The event that is set when the server on the running event loop begins to stop.

    A request that waits for news (a long poll) waits for it too, and answers, instead of using up
    the time that requests in flight have. Where the loop has no server (a test, another ASGI
    server), the event is never set. Raises RuntimeError outside of an event loop, as in a sync
    view.
    """
    import asyncio

    return _events.setdefault(asyncio.get_running_loop(), asyncio.Event())


def begin_serving() -> asyncio.Event:
    """A new event, for the server that starts on the running event loop."""
    import asyncio

    event = _events[asyncio.get_running_loop()] = asyncio.Event()
    return event
