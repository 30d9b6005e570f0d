"""stop_event(): an event for applications that is set when their server begins to stop.

asyncio is imported inside the functions, because the pytest plugin imports this package in every
pytest run of a project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import asyncio

_events: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = WeakKeyDictionary()


def stop_event() -> asyncio.Event:
    """The event that is set when the server on the running event loop begins to stop.

    Let a long poll wait for this event too, and answer when it is set; otherwise it delays the stop
    until the timeout. If the loop has no server (a test, another ASGI server), the event is never
    set. Raises RuntimeError outside of an event loop, for example in a sync view.
    """
    import asyncio

    return _events.setdefault(asyncio.get_running_loop(), asyncio.Event())


def begin_serving() -> asyncio.Event:
    """A new event, for the server that starts on the running event loop."""
    import asyncio

    event = _events[asyncio.get_running_loop()] = asyncio.Event()
    return event
