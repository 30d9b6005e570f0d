"""The Socket.IO handlers for the tests, served natively."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import sio
from notes import note

HELD: dict[str, asyncio.Event] = {}


def release(key: str) -> None:
    HELD[key].set()


def told(socket: Any, auth: dict[str, Any]) -> dict[str, Any]:
    """The options of a client for its handlers: `auth`, or the query for clients of version 2."""
    query = auth.get("auth") or socket.handshake.query.get("auth")
    return json.loads(query) if query else auth


@sio.register
class RootConsumer(sio.SocketIOConsumer):
    """told() defines what connect() does: refuse, raise, message and data, join, key, hold."""

    def __init__(self) -> None:
        self.key = ""
        self.numbers: list[int] = []

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        auth = self.told = told(socket, auth)
        self.key = auth.get("key", "")
        note(self.key, "connect", socket.id)
        if auth.get("hold"):
            HELD[self.key] = asyncio.Event()
            await HELD[self.key].wait()
        for room in auth.get("join", []):
            await socket.join(room)
        if auth.get("announce"):
            await socket.server.to(auth["join"]).emit("said", "somebody comes")
        if auth.get("welcome"):
            await socket.emit("welcome", auth)
        if auth.get("raise"):
            raise ValueError("connect failed on purpose")
        if "message" in auth:
            raise sio.ConnectionRefused(auth["message"], auth.get("data"))
        return not auth.get("refuse")

    async def disconnect(self, socket: Any, reason: str) -> None:
        note(self.key, "disconnect", reason, socket.reference_reason, sorted(socket.rooms))
        if reason == "server_shutdown":  # HTTP requests are no longer possible
            print(f"disconnect noted: {self.key} {reason}", flush=True)

    async def event_echo(self, socket: Any, *args: Any) -> None:
        await socket.emit("echo", *args)

    async def event_end_itself(self, socket: Any, how: str) -> None:
        if how == "cancel":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        raise KeyboardInterrupt if how == "interrupt" else GeneratorExit

    def event_stop_iteration(self, socket: Any) -> None:
        next(iter(()))

    async def event_reply(self, socket: Any, *args: Any, ack: Any = None) -> None:
        await ack(*args)

    async def event_quiet(self, socket: Any, *args: Any) -> None:
        """Does not take ack."""

    async def event_ask(self, socket: Any, *args: Any) -> None:
        """Asks the client and waits for its acknowledgement within the handler."""
        answer: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()
        await socket.emit("question", *args, callback=lambda *given: answer.set_result(given))
        await socket.emit("answered", *await answer)

    async def event_ask_many(self, socket: Any, count: int, ack: Any = None) -> None:
        """Asks so many questions at once; answers with what each came to."""
        asked = [socket.emit_with_ack("question", number) for number in range(count)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        await ack(
            [type(what).__name__ if isinstance(what, Exception) else what for what in outcomes]
        )

    async def event_burst(self, socket: Any, count: int, parts: int | None = None) -> None:
        """Emits so many events in a row, each with so many attachments (None: 0 to 6)."""
        for number in range(count):
            each = number % 7 if parts is None else parts
            socket.emit("burst", number, *(bytes([number % 256, part]) for part in range(each)))

    async def event_close_server(self, socket: Any) -> None:
        socket.server.close()

    @sio.event("ask in vain")
    async def ask_in_vain(self, socket: Any, milliseconds: int) -> None:
        try:
            await socket.timeout(milliseconds / 1000).emit_with_ack("never answered")
        except sio.AckTimeout:
            await socket.emit("asked in vain")

    @sio.event("never answered")
    async def never_answers(self, socket: Any, ack: Any = None) -> None:
        """Takes ack but does not call it."""

    @sio.event("volatile echo")
    async def echo_volatile(self, socket: Any, *args: Any) -> None:
        await socket.volatile.emit("volatile", *args)

    async def event_note(self, socket: Any, *what: Any) -> None:
        note(self.key, *what)

    async def event_kinds(self, socket: Any, *args: Any, ack: Any = None) -> None:
        """Answers with the Python types of the arguments."""
        await ack([kind(arg) for arg in args])

    async def event_describe(self, socket: Any, ack: Any = None) -> None:
        handshake = socket.handshake
        await ack(
            {
                "id": socket.id,
                "rooms": sorted(socket.rooms),
                "auth": handshake.auth,
                "told": self.told,
                "query": dict(handshake.query),
                "address": handshake.address,
                "agent": handshake.headers.get("user-agent"),
                "path": socket.scope["path"],
            }
        )

    async def event_handshake(self, socket: Any, ack: Any = None) -> None:
        await ack(socket.handshake)

    async def event_join(self, socket: Any, room: str | int) -> None:
        await socket.join(room)

    async def event_tell(self, socket: Any, steps: list[list[Any]], *what: Any) -> None:
        """Emits through a chain: [["to", "lobby"], ["volatile"]] is to("lobby").volatile; if it
        ends with ["emit_with_ack"], waits for acknowledgements.
        """
        target = socket
        for name, *args in steps:
            step = getattr(target, name)
            target = step(*args) if args else step
        if steps and steps[-1] == ["emit_with_ack"]:
            await target("said", *what)
        else:
            await target.emit("said", *what)

    async def event_poll(self, socket: Any, room: str, question: str, ack: Any = None) -> None:
        """Asks all members of a room, and answers with their acknowledgements."""
        answers = await socket.server.to(room).timeout(20).emit_with_ack("question", question)
        await ack(sorted(answers))

    async def event_leave(self, socket: Any, room: str | int) -> None:
        await socket.leave(room)

    async def event_rooms(self, socket: Any, ack: Any = None) -> None:
        """All rooms of the namespace in Python."""
        rooms = socket.name_space.rooms()
        await ack({room: sorted(ids) for room, ids in rooms.items()})

    async def event_move_all(self, socket: Any, old: str, new: str) -> None:
        await socket.server.to(old).sockets_join(new)
        await socket.server.to(new).sockets_leave(old)

    async def event_leave_all(self, socket: Any) -> None:
        await socket.leave_all()

    async def event_say(self, socket: Any, room: str | int, *args: Any) -> None:
        await socket.server.emit("said", *args, room=room)

    async def event_shout(self, socket: Any, *args: Any) -> None:
        await socket.server.emit("shouted", *args)

    async def event_kick(self, socket: Any, close: bool) -> None:
        await socket.emit("last words")
        await socket.disconnect(close)

    async def event_fail(self, socket: Any) -> None:
        raise ValueError("handler failed on purpose")

    @sio.event("any name at all: 日本")
    async def named_freely(self, socket: Any, *args: Any) -> None:
        await socket.emit("any other name", *args)

    def event_sync(self, socket: Any, *args: Any) -> None:
        on_main = threading.current_thread() is threading.main_thread()
        socket.emit("synced", on_main, *args)

    async def event_count(self, socket: Any, amount: int, pause: float) -> None:
        """Emits the numbers from 0 on, `pause` seconds apart."""
        for number in range(amount):
            await socket.emit("number", number)
            await asyncio.sleep(pause)

    async def event_number(self, socket: Any, number: int, padding: str = "") -> None:
        self.numbers.append(number)

    async def event_slow_number(self, socket: Any, number: int) -> None:
        if number % 10 == 0:
            await asyncio.sleep(0.001)
        self.numbers.append(number)

    async def event_hold(self, socket: Any) -> None:
        """Delays this client's other events until release() is called with its key."""
        note(self.key, "holding")
        await HELD.setdefault(self.key, asyncio.Event()).wait()

    async def event_numbers(self, socket: Any, ack: Any = None) -> None:
        await ack(self.numbers)

    async def event_threads(self, socket: Any, threads: int, amount: int) -> None:
        """Each thread emits its numbers to this client, in both possible ways."""
        await socket.join(f"threads {socket.id}")

        def work(thread: int) -> None:
            for number in range(amount):
                if number % 2:
                    socket.emit("from thread", thread, number)
                else:
                    room = f"threads {socket.id}"
                    socket.server.emit("from thread", thread, number, room=room)

        for thread in range(threads):
            threading.Thread(target=work, args=(thread,)).start()

    async def event_finish_late(self, socket: Any) -> None:
        """Ends some time after the client has disconnected."""
        print("handler began", flush=True)
        while socket.reference_reason is None:
            await asyncio.sleep(0.01)
        print("handler ended", flush=True)

    async def event_many(self, socket: Any, amount: int, padding: str) -> None:
        """Emits numbers, each tenth with an attachment, without an await."""
        for number in range(amount):
            socket.emit("one", number, b"attached" if number % 10 == 0 else padding)

    async def event_try_join(self, socket: Any, room: str, ack: Any = None) -> None:
        """Answers with the rooms, or with what join() raises."""
        try:
            socket.join(room)
        except sio.TooManyRooms as error:
            await ack(str(error))
        else:
            await ack(sorted(socket.rooms))

    async def event_flood_me(self, socket: Any, amount: int, size: int) -> None:
        """Emits until the client has disconnected."""
        for _ in range(amount):
            if not socket.connected:
                return
            await socket.emit("flood", "x" * size)
            await asyncio.sleep(0)


@sio.register
class ChatConsumer(sio.SocketIOConsumer):
    """Another namespace, with the same room names."""

    namespace = "/chat"

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        return not told(socket, auth).get("refuse")

    async def event_join(self, socket: Any, room: str) -> None:
        await socket.join(room)

    async def event_say(self, socket: Any, room: str, *args: Any) -> None:
        await socket.server.emit("said", *args, room=room, namespace="/chat")

    async def event_echo(self, socket: Any, *args: Any) -> None:
        await socket.emit("chat echo", *args)

    async def event_auth(self, socket: Any, ack: Any) -> None:
        await ack(socket.handshake.auth)

    async def event_flood(self, socket: Any, amount: int) -> None:
        """Broadcasts small events to another namespace."""
        for number in range(amount):
            socket.server.emit("flood", number, "x" * 100, namespace="/")


@sio.register
class SyncConsumer(sio.SocketIOConsumer):
    """All handlers run in threads."""

    namespace = "/sync"

    def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        self.key = told(socket, auth).get("thread", "")
        socket.emit("welcome", "from a thread")
        return bool(self.key)

    def disconnect(self, socket: Any, reason: str) -> None:
        note(self.key, "disconnect", reason)

    def event_reply(self, socket: Any, *args: Any, ack: Any = None) -> None:
        ack(*args)


@sio.register
class AnythingConsumer(sio.SocketIOConsumer):
    """A namespace without its own events."""

    namespace = "/anything"

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        return True

    @sio.any_event
    async def anything(self, socket: Any, event: str, *args: Any, ack: Any = None) -> None:
        if ack is None:
            await socket.emit("heard", [event, *args])
        else:
            await ack(event, list(args))


@sio.register
class BoardConsumer(sio.SocketIOConsumer):
    """Relayed events."""

    namespace = "/board"
    move = sio.relay("move")
    cursor = sio.relay("cursor", volatile=True, max_bytes=100, rate=20)
    shape = sio.relay("shape", rate=50)
    everywhere = sio.relay("everywhere", to=sio.Rooms.NAMESPACE, include_sender=True)

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        for room in auth.get("join", []):
            await socket.join(room)
        return True

    async def event_join(self, socket: Any, room: str) -> None:
        await socket.join(room)

    async def event_reply(self, socket: Any, *args: Any, ack: Any = None) -> None:
        await ack(*args)


@sio.on("connect", namespace="/functions")
async def functions_connect(socket: Any, auth: dict[str, Any]) -> bool:
    socket.data["key"] = auth.get("key", "")
    return True


@sio.on("disconnect", namespace="/functions")
async def functions_disconnect(socket: Any, reason: str) -> None:
    note(socket.data["key"], "disconnect", reason)


@sio.on("double", namespace="/functions")
async def functions_double(socket: Any, number: int, ack: Any = None) -> None:
    await ack(number * 2)


def kind(value: Any) -> Any:
    """The value, with its leaves replaced by the names of their types."""
    if isinstance(value, dict):
        return {key: kind(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kind(item) for item in value]
    return type(value).__name__
