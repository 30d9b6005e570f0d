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

It runs in several Python processes (`--workers`) as in one. What it knows about a client is in the
client's rooms and in `socket.data`, not in the memory of a process: so a client can move to another
process, and everybody sees everybody.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from sio import SocketIOConsumer, get_socketio_server
from sio.socketio import NamespaceSocket

from . import presence, store, validation

Answer = dict[str, Any]
Ack = Callable[..., Awaitable[None]]

query = database_sync_to_async


def room_name(slug: str) -> str:
    """The Socket.IO room of everyone who may see the chat room."""
    return f"room:{slug}"


class ChatConsumer(SocketIOConsumer):
    """The connection of one browser tab of a logged-in user.

    `socket.data`: "name" of the user; "typing_in", the rooms in which the user is typing.
    """

    namespace = "/chat"

    async def connect(self, socket: NamespaceSocket, auth: Any) -> bool:
        user = socket.user
        if user is None or not user.is_authenticated:
            return False
        name = user.get_username()
        socket.data.update(name=name, typing_in=[])
        # Join the rooms before reading their state, so that no message is missed in between.
        for slug in await query(store.slugs_of)(user):
            await socket.join(room_name(slug))
        delivered = await query(store.mark_all_delivered)(user)
        rooms = await query(store.rooms_of)(user)
        joinable = await query(store.rooms_to_join)(user)

        await socket.join(presence.user_room(name))
        await self.announce(socket, online=True)
        await socket.emit(
            "welcome",
            {
                "you": name,
                "online": presence.usernames(socket.name_space),
                "rooms": rooms,
                "joinable": joinable,
            },
        )
        for slug, marks in delivered.items():
            await tell_receipt(socket, slug, marks)
        return True

    async def resume(self, socket: NamespaceSocket, why: str) -> None:
        """The client comes from another Python process, with its rooms and `data`."""

    async def disconnect(self, socket: NamespaceSocket, reason: str) -> None:
        for slug in socket.data["typing_in"]:
            await self.tell_typing(socket, slug, active=False)
        if not presence.is_online(socket.name_space, socket.data["name"]):
            await self.announce(socket, online=False)
            # In the meantime the user may have connected to another process, which told that first.
            if presence.is_online(socket.name_space, socket.data["name"]):
                await self.announce(socket, online=True)

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
        await self.answer(ack, self.typing(socket, payload))

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
        await to_room(slug, "message", {"room": slug, "message": content})
        await self.stop_typing(socket, slug)
        published = (slug, message["id"], socket.data["name"])
        await ask_receipts(*published)
        await chat.server_side_emit("published", *published)

    async def history(self, socket: NamespaceSocket, payload: Any) -> Answer:
        slug = validation.slug(payload)
        before = validation.message_id(payload, "before") if "before" in payload else None
        return await query(store.history)(socket.user, slug, before)

    async def read(self, socket: NamespaceSocket, payload: Any) -> Answer:
        slug, up_to = validation.slug(payload), validation.message_id(payload, "up_to")
        marks = await query(store.mark)(socket.user, slug, up_to, read=True)
        if marks is not None:
            await tell_receipt(socket, slug, marks)
        return {}

    async def join_room(self, socket: NamespaceSocket, payload: Any) -> Answer:
        slug = validation.slug(payload)
        await query(store.join)(socket.user, slug)
        content = {
            "rooms": await query(store.rooms_of)(socket.user),
            "joinable": await query(store.rooms_to_join)(socket.user),
        }
        # Now all tabs of the user join the room.
        tabs = socket.name_space.to(presence.user_room(socket.data["name"]))
        await tabs.sockets_join(room_name(slug))
        await tabs.emit("rooms", content)
        return {}

    async def typing(self, socket: NamespaceSocket, payload: Any) -> Answer:
        slug, active = validation.slug(payload), validation.field(payload, "active", bool)
        # The rooms are enough here, and avoid a database query for each key press.
        if room_name(slug) not in socket.rooms:
            raise validation.Refused("You are not in this room.")
        if active:
            if slug not in socket.data["typing_in"]:
                socket.data["typing_in"].append(slug)
            await self.tell_typing(socket, slug, active=True)
        else:
            await self.stop_typing(socket, slug)
        return {}

    async def stop_typing(self, socket: NamespaceSocket, slug: str) -> None:
        if slug in socket.data["typing_in"]:
            socket.data["typing_in"].remove(slug)
            await self.tell_typing(socket, slug, active=False)

    # What others are told.

    async def tell_typing(self, socket: NamespaceSocket, slug: str, *, active: bool) -> None:
        content = {"room": slug, "user": socket.data["name"], "active": active}
        await to_room(slug, "typing", content)

    async def announce(self, socket: NamespaceSocket, *, online: bool) -> None:
        content = {"user": socket.data["name"], "online": online}
        await socket.name_space.emit("presence", content)


chat = get_socketio_server().of(ChatConsumer.namespace)


async def to_room(slug: str, event: str, content: Any) -> None:
    await chat.to(room_name(slug)).emit(event, content)


async def tell_receipt(socket: NamespaceSocket, slug: str, marks: dict[str, int]) -> None:
    await to_room(slug, "receipt", {"room": slug, "user": socket.data["name"], **marks})


@chat.on_server_side_emit("published")
async def ask_receipts(slug: str, message_id: int, author: str) -> None:
    """Ask the clients of this process whether they got the message. Each process does so."""
    others = chat.local.to(room_name(slug)).except_(presence.user_room(author))
    for socket in others.fetch_sockets():
        await ask_receipt(socket, slug, message_id)


async def ask_receipt(socket: NamespaceSocket, slug: str, message_id: int) -> None:
    async def answered(answer: Any = None, *_: Any) -> None:
        try:
            marks = await query(store.mark)(socket.user, slug, message_id, read=answer == "read")
        except validation.Refused:  # no longer a member
            return
        if marks is not None:
            await tell_receipt(socket, slug, marks)

    await socket.emit("confirm", {"room": slug, "id": message_id}, callback=answered)
