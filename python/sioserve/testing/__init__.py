"""Testing applications: Socket.IO handlers without a network, and servers in tests.

    sio_client            a Socket.IO client of consumers, in the test's event loop
    SioTestServer         the server that such clients share
    captured_emits        collects emitted events, without a server and clients
    LiveServerTestCase    Django's live-server tests on sioserve, WebSockets included
    LiveServerMixin       the same, for a subclass of Django's own LiveServerTestCase
    ServerProcess         the server process for Channels' ChannelsLiveServerTestCase
    ServiceThread         any ASGI application, in a thread

pytest loads the fixtures `sio_client`, `sio_emits`, `sioserve_server`, `live_sioserve`
automatically.

Importing this package imports neither Django nor the server. If daphne is not installed, it makes
`daphne.testing` importable, because `channels.testing` imports it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sioserve import daphne_replacement

if TYPE_CHECKING:
    from sioserve.background import ServiceThread
    from sioserve.testing.emits import Emitted, captured_emits
    from sioserve.testing.live import LiveServerMixin, LiveServerTestCase, LiveServerThread
    from sioserve.testing.process import ServerProcess
    from sioserve.testing.socketio_client import SioTestClient, SioTestServer, sio_client

__all__ = [
    "Emitted",
    "LiveServerMixin",
    "LiveServerTestCase",
    "LiveServerThread",
    "ServerProcess",
    "ServiceThread",
    "SioTestClient",
    "SioTestServer",
    "captured_emits",
    "sio_client",
]

_MODULES = {
    "Emitted": "sioserve.testing.emits",
    "LiveServerMixin": "sioserve.testing.live",
    "LiveServerTestCase": "sioserve.testing.live",
    "LiveServerThread": "sioserve.testing.live",
    "ServerProcess": "sioserve.testing.process",
    "ServiceThread": "sioserve.background",
    "SioTestClient": "sioserve.testing.socketio_client",
    "SioTestServer": "sioserve.testing.socketio_client",
    "captured_emits": "sioserve.testing.emits",
    "sio_client": "sioserve.testing.socketio_client",
}

daphne_replacement.install()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
