"""The chat over WebSockets."""

from __future__ import annotations

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer, JsonWebsocketConsumer

from chat.models import Message


class ChatConsumer(AsyncWebsocketConsumer):
    """A message in a room is sent to all members."""

    async def connect(self) -> None:
        self.room = self.scope["url_route"]["kwargs"]["room"]
        if self.room == "closed":
            await self.close()
            return
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = json.loads(text_data or "{}")["message"]
        await database_sync_to_async(Message.objects.create)(room=self.room, text=message)
        await self.channel_layer.group_send(self.room, {"type": "chat.message", "text": message})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"message": event["text"]}))


class ArchiveConsumer(JsonWebsocketConsumer):
    """Synchronous: answers with the messages of a room."""

    def receive_json(self, content: Any, **kwargs: Any) -> None:
        said = Message.objects.filter(room=content["room"]).order_by("id")
        self.send_json({"messages": list(said.values_list("text", flat=True))})
