"""sioserve: an ASGI server in C++ with a native Socket.IO server."""

from __future__ import annotations

from _sioserve import __version__

__all__ = ["__version__"]
