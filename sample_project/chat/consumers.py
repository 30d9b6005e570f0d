"""The chat over Socket.IO: namespace /chat.

From clients, each answered through its ack with {"ok": true, ...} or {"ok": false, "error": text}:
    chat_message {room, client_id, text}             -> {message}
    chat_image   {room, client_id, text, image}      -> {message}     image is binary
    history      {room, before?}                     -> {messages, more, receipts}
    read         {room, up_to}                       -> {}
    join_room    {room}                              -> {}            open rooms only
    typing       {room, active}                      -> {}
To clients:
    welcome  {you, online, rooms, joinable}          once, after the connection
    rooms    {rooms, joinable}                       this user has joined one
    message  {room, message}                         image.data holds the image's bytes
    confirm  {room, id}                              answered through its ack: "delivered" or "read"
    receipt  {room, user, delivered, read}
    typing   {room, user, active}
    presence {user, online}
"""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from sio import SocketIOConsumer
from sio.socketio import NamespaceSocket

from . import store, validation
from .presence import Presence, Visitor

Answer = dict[str, Any]
Ack = Callable[..., Awaitable[None]]

query = database_sync_to_async
presence = Presence()


def room_name(slug: str) -> str:
    """The Socket.IO room of everyone who may see the chat room."""
    return f"room:{slug}"


class ChatConsumer(SocketIOConsumer):
    """The connection of one browser tab of a logged-in user."""

    namespace = "/chat"
    visitor: Visitor | None = None

    async def connect(self, socket: NamespaceSocket, auth: Any) -> bool:
        user = socket.user
        if user is None or not user.is_authenticated:
            return False
        self.visitor = Visitor(socket, user.pk, user.get_username())
        # Join the rooms before reading their state, so that no message is missed in between.
        for slug in await query(store.slugs_of)(user):
            await self.enter_room(self.visitor, slug)
        delivered = await query(store.mark_all_delivered)(user)
        rooms = await query(store.rooms_of)(user)
        joinable = await query(store.rooms_to_join)(user)

        if presence.enter(self.visitor):
            await self.announce(socket, online=True)
        await socket.emit(
            "welcome",
            {
                "you": self.visitor.username,
                "online": presence.usernames(),
                "rooms": rooms,
                "joinable": joinable,
            },
        )
        for slug, marks in delivered.items():
            await self.tell_receipt(self.visitor, slug, marks)
        return True

    async def disconnect(self, socket: NamespaceSocket, reason: str) -> None:
        if self.visitor is None:
            return
        for slug in self.visitor.typing_in:
            await self.tell_typing(self.visitor, slug, active=False)
        if presence.leave(self.visitor):
            await self.announce(socket, online=False)

    # Events: each checks its payload, does the work and answers.

    async def event_chat_message(
        self, socket: NamespaceSocket, payload: Any = None, *_: Any, ack: Ack | None = None
    ) -> None:
        await self.answer(ack, self.post_text(socket, payload))

    async def event_chat_image(
        self, socket: NamespaceSocket, payload: Any = None, *_: Any, ack: Ack | None = None
    ) -> None:
        await self.answer(ack, self.post_image(socket, payload))

    async def event_history(
        self, socket: NamespaceSocket, payload: Any = None, *_: Any, ack: Ack | None = None
    ) -> None:
        await self.answer(ack, self.history(socket, payload))

    async def event_read(
        self, socket: NamespaceSocket, payload: Any = None, *_: Any, ack: Ack | None = None
    ) -> None:
        await self.answer(ack, self.read(socket, payload))

    async def event_join_room(
        self, socket: NamespaceSocket, payload: Any = None, *_: Any, ack: Ack | None = None
    ) -> None:
        await self.answer(ack, self.join_room(socket, payload))

    async def event_typing(
        self, socket: NamespaceSocket, payload: Any = None, *_: Any, ack: Ack | None = None
    ) -> None:
        await self.answer(ack, self.typing(payload))

    async def answer(self, ack: Ack | None, work: Awaitable[Answer]) -> None:
        """Do the work and acknowledge with the result, or with the reason of a refusal."""
        try:
            reply = {"ok": True, **await work}
        except validation.Refused as refusal:
            reply = {"ok": False, "error": str(refusal)}
        if ack is not None:
            await ack(reply)

    # The implementation of the events.

    async def post_text(self, socket: NamespaceSocket, payload: Any) -> Answer:
        text = validation.text(payload)
        if not text:
            raise validation.Refused("The message is empty.")
        slug, client_id = validation.slug(payload), validation.client_id(payload)
        message, is_new = await query(store.add_message)(socket.user, slug, client_id, text)
        if is_new:
            await self.publish(socket, slug, message, message)
        return {"message": message}

    async def post_image(self, socket: NamespaceSocket, payload: Any) -> Answer:
        image = validation.image(payload)
        text = validation.text(payload)
        slug, client_id = validation.slug(payload), validation.client_id(payload)
        message, is_new = await query(store.add_message)(socket.user, slug, client_id, text, image)
        if is_new:
            # The payload contains the bytes; Socket.IO sends them as an attachment.
            with_bytes = message | {"image": message["image"] | {"data": image[0]}}
            await self.publish(socket, slug, message, with_bytes)
        return {"message": message}

    async def publish(
        self, socket: NamespaceSocket, slug: str, message: Answer, content: Answer
    ) -> None:
        """Send a message to its room, and ask each other member's client whether it got the
        message.
        """
        await self.to_room(socket, slug, "message", {"room": slug, "message": content})
        await self.stop_typing(slug)
        author = self.visitor
        for other in presence.in_room(slug):
            if author is not None and other.user_id != author.user_id:
                await self.ask_receipt(other, slug, message["id"])

    async def ask_receipt(self, other: Visitor, slug: str, message_id: int) -> None:
        async def answered(answer: Any = None, *_: Any) -> None:
            user = other.socket.user
            try:
                marks = await query(store.mark)(user, slug, message_id, read=answer == "read")
            except validation.Refused:  # no longer a member
                return
            if marks is not None:
                await self.tell_receipt(other, slug, marks)

        question = {"room": slug, "id": message_id}
        await other.socket.emit("confirm", question, callback=answered)

    async def history(self, socket: NamespaceSocket, payload: Any) -> Answer:
        slug = validation.slug(payload)
        before = validation.message_id(payload, "before") if "before" in payload else None
        return await query(store.history)(socket.user, slug, before)

    async def read(self, socket: NamespaceSocket, payload: Any) -> Answer:
        slug, up_to = validation.slug(payload), validation.message_id(payload, "up_to")
        marks = await query(store.mark)(socket.user, slug, up_to, read=True)
        if marks is not None and self.visitor is not None:
            await self.tell_receipt(self.visitor, slug, marks)
        return {}

    async def join_room(self, socket: NamespaceSocket, payload: Any) -> Answer:
        slug = validation.slug(payload)
        await query(store.join)(socket.user, slug)
        content = {
            "rooms": await query(store.rooms_of)(socket.user),
            "joinable": await query(store.rooms_to_join)(socket.user),
        }
        # Now all tabs of the user join the room.
        for tab in presence.of_user(socket.user.pk):
            await self.enter_room(tab, slug)
            await tab.socket.emit("rooms", content)
        return {}

    async def typing(self, payload: Any) -> Answer:
        slug, active = validation.slug(payload), validation.field(payload, "active", bool)
        visitor = self.visitor
        # Memory is enough here, and avoids a database query for each key press.
        if visitor is None or slug not in visitor.rooms:
            raise validation.Refused("You are not in this room.")
        if active:
            visitor.typing_in.add(slug)
            await self.tell_typing(visitor, slug, active=True)
        else:
            await self.stop_typing(slug)
        return {}

    async def stop_typing(self, slug: str) -> None:
        if self.visitor is not None and slug in self.visitor.typing_in:
            self.visitor.typing_in.remove(slug)
            await self.tell_typing(self.visitor, slug, active=False)

    # What others are told.

    async def enter_room(self, visitor: Visitor, slug: str) -> None:
        visitor.rooms.add(slug)
        await visitor.socket.join(room_name(slug))

    async def to_room(self, socket: NamespaceSocket, slug: str, event: str, content: Any) -> None:
        await socket.server.emit(event, content, room=room_name(slug), namespace=self.namespace)

    async def tell_typing(self, visitor: Visitor, slug: str, *, active: bool) -> None:
        content = {"room": slug, "user": visitor.username, "active": active}
        await self.to_room(visitor.socket, slug, "typing", content)

    async def tell_receipt(self, visitor: Visitor, slug: str, marks: dict[str, int]) -> None:
        content = {"room": slug, "user": visitor.username, **marks}
        await self.to_room(visitor.socket, slug, "receipt", content)

    async def announce(self, socket: NamespaceSocket, *, online: bool) -> None:
        if self.visitor is not None:
            content = {"user": self.visitor.username, "online": online}
            await socket.server.emit("presence", content, namespace=self.namespace)
