"""Functions that create applications."""

from __future__ import annotations

from typing import Any


def text(body: str) -> Any:
    """An application that answers with this text."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body.encode()})

    return application


def create() -> Any:
    return text("made by create()")


def returns_nothing() -> None:
    pass


def fails() -> Any:
    raise LookupError("no configuration for this machine")
