"""A plain Channels WebSocket consumer: the server's clock, once a second."""

import asyncio

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.utils import timezone


class ClockConsumer(AsyncJsonWebsocketConsumer):
    """Sends {"now": ISO 8601} until the client disconnects."""

    ticker: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        if not self.scope["user"].is_authenticated:
            await self.close()
            return
        await self.accept()
        self.ticker = asyncio.create_task(self.tick())

    async def disconnect(self, code: int) -> None:
        if self.ticker:
            self.ticker.cancel()

    async def tick(self) -> None:
        while True:
            await self.send_json({"now": timezone.now().isoformat()})
            await asyncio.sleep(1)
