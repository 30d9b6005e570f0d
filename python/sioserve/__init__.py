"""sioserve: an ASGI server in C++ with a native Socket.IO server."""

from __future__ import annotations

from _sioserve import __version__

from sioserve.stopping import stop_event

__all__ = ["__version__", "stop_event"]
