"""Channels consumers of the Django project that the black-box tests run."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer


class EchoConsumer(AsyncWebsocketConsumer):
    """Echoes; "close:4001" closes with that code; offers the subprotocol "echo.v1"."""

    async def connect(self) -> None:
        offered = self.scope["subprotocols"]
        await self.accept("echo.v1" if "echo.v1" in offered else None)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is not None and text_data.startswith("close:"):
            await self.close(int(text_data.partition(":")[2]))
        else:
            await self.send(text_data=text_data, bytes_data=bytes_data)


class WhoConsumer(WebsocketConsumer):
    """Synchronous; answers with the session's user, and refuses anonymous clients."""

    def connect(self) -> None:
        if self.scope["user"].is_anonymous:
            self.close()
        else:
            self.accept()

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self.send(text_data=self.scope["user"].username)


class FailingConsumer(AsyncWebsocketConsumer):
    async def receive(self, **_: Any) -> None:
        raise ValueError("consumer failed on purpose")
