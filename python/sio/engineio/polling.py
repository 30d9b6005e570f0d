"""Mounting Engine.IO's polling transport."""

from __future__ import annotations

from ..handover import Application, handover_application


class LongPollingConsumer:
    """Stands in routing for Engine.IO over HTTP, which the native engine serves."""

    @classmethod
    def as_asgi(cls) -> Application:
        """An ASGI application that hands handshakes over to the native engine."""
        return handover_application(cls)
