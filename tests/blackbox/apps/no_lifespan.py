"""An application that supports only HTTP, as plain Django does."""

from __future__ import annotations

from typing import Any


class Nested:
    """Named on the command line as no_lifespan:nested.application."""

    @staticmethod
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError(f"only HTTP is served, not {scope['type']}")
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"no lifespan"})


nested = Nested()
application = Nested.application
not_callable = 42
