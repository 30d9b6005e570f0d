"""Database connections of handlers; each scenario runs in a separate process.

python sio_database_scenarios.py <scenario> <folder for the database>
"""

from __future__ import annotations

import asyncio
import pathlib
import sys
import threading
from typing import Any

import sio
from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from sio.threads import Threads, set_threads
from sio_fakes import World
from sioserve.request_threads import serve_with_threads

FOLDER = pathlib.Path(sys.argv[2])
ERROR = {"error": "Internal server error"}


def set_up(engine: str = "breakable_sqlite", max_age: int | None = None) -> Any:
    """A database with the users "a" to "e"; returns the model."""
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.configure(
        SECRET_KEY="x",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        DATABASES={
            "default": {
                "ENGINE": engine,
                "NAME": FOLDER / "db.sqlite3",
                "CONN_MAX_AGE": max_age,
            }
        },
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User

    User.objects.bulk_create(User(username=name) for name in "abcde")
    connection.close()
    register()
    return User


@sync_to_async
def lose_connection() -> None:
    """Loses the connection of the asynchronous ORM's thread."""
    from django.db import connection

    connection.ensure_connection()
    connection.connection.close()


async def is_open() -> bool:
    """Whether the connection of that thread is open; for use outside of handlers."""
    return await sync_to_async(_is_open)()


def _is_open() -> bool:
    from django.db import connection

    return connection.connection is not None


async def identity() -> Any:
    def get() -> Any:
        from django.db import connection

        return connection.connection

    return await sync_to_async(get)()


def register() -> None:
    from django.contrib.auth.models import User

    @sio.on("count")
    async def count(socket: Any, ack: Any = None) -> None:
        ack(await User.objects.acount())

    @sio.on("plain count")
    def plain_count(socket: Any, ack: Any = None) -> None:
        ack(User.objects.count())

    @sio.on("plain lose")
    def plain_lose(socket: Any, ack: Any = None) -> None:
        from django.db import connection

        connection.ensure_connection()
        connection.connection.close()
        ack("lost")

    @sio.on("plain age")
    def plain_age(socket: Any, ack: Any = None) -> None:
        from django.db import connection

        connection.ensure_connection()
        connection.close_at = 0
        ack("old")

    @sio.on("plain identity")
    def plain_identity(socket: Any, ack: Any = None) -> None:
        from django.db import connection

        connection.ensure_connection()
        ack(id(connection.connection))

    @sio.on("lose")
    async def lose(socket: Any, ack: Any = None) -> None:
        await lose_connection()
        ack("lost")


class Client:
    """Sends events one after the other and keeps their acknowledgements."""

    def __init__(self, world: World, socket: int) -> None:
        self._world = world
        self.socket = socket
        self._asked = 0

    def send(self, event: str, *args: Any) -> int:
        self._asked += 1
        self._world.send(self.socket, event, *args, ack_id=self._asked)
        return self._asked

    async def ask(self, event: str, *args: Any) -> Any:
        number = self.send(event, *args)
        return await self.answer(number)

    async def answer(self, number: int) -> Any:
        await self._world.core.until(lambda: self._acks(number))
        # The check after a handler runs after its acknowledgement.
        while self._world.dispatcher._connections[self.socket].task is not None:
            await asyncio.sleep(0.001)
        return self._acks(number)[0]

    def _acks(self, number: int) -> list[Any]:
        return [
            args[0]
            for _, socket, ack_id, args in self._world.core.of("ack")
            if (socket, ack_id) == (self.socket, number)
        ]


async def client(world: World | None = None) -> Client:
    world = world or World()
    return Client(world, await world.join())


def a_broken_connection_makes_one_handler_fail() -> None:
    set_up("django.db.backends.sqlite3", max_age=0)

    async def main() -> None:
        c = await client()
        assert await c.ask("count") == 5
        assert await c.ask("lose") == "lost"
        assert [await c.ask("count") for _ in range(3)] == [5, 5, 5]

    asyncio.run(main())


def a_lost_connection_that_is_kept_makes_one_handler_fail() -> None:
    set_up(max_age=None)

    async def main() -> None:
        c = await client()
        assert await c.ask("count") == 5
        assert await c.ask("lose") == "lost"
        assert await c.ask("count") == ERROR  # like a request: the server did not report the loss
        assert [await c.ask("count") for _ in range(3)] == [5, 5, 5]

    asyncio.run(main())


def a_lost_connection_does_not_affect_a_plain_handler() -> None:
    set_up(max_age=None)

    async def main() -> None:
        c = await client()
        assert await c.ask("lose") == "lost"
        assert await c.ask("plain count") == 5

    asyncio.run(main())


async def client_with_one_thread() -> Client:
    """Its plain handlers share a thread, as with a server, and so its connection."""
    set_threads(asyncio.get_running_loop(), Threads(1, 10))
    return await client()


def a_lost_connection_makes_one_plain_handler_fail() -> None:
    set_up(max_age=None)

    async def main() -> None:
        c = await client_with_one_thread()
        assert await c.ask("plain count") == 5
        assert await c.ask("plain lose") == "lost"
        assert await c.ask("plain count") == ERROR  # like a request
        assert [await c.ask("plain count") for _ in range(3)] == [5, 5, 5]

    asyncio.run(main())


def a_websocket_gets_a_working_connection_again() -> None:
    users = set_up(max_age=None)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            try:
                if message["text"] == "lose":
                    await lose_connection()
                await send(await users.objects.acount())
            except Exception as error:
                await send(type(error).__name__)

    async def main() -> None:
        messages: list[dict[str, str]] = [
            *({"type": "websocket.receive", "text": text} for text in ("", "lose", "", "")),
            {"type": "websocket.disconnect"},
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        serve = serve_with_threads(application, Threads(1, 10))
        await serve({"type": "websocket"}, receive, send)
        assert sent == [5, "ProgrammingError", 5, 5], sent

    asyncio.run(main())


async def serve_websocket(application: Any) -> None:
    serve = serve_with_threads(application, Threads(1, 10))
    await serve({"type": "websocket"}, None, None)


def the_end_of_a_websocket_closes_no_cursor_of_another() -> None:
    users = set_up(max_age=0)

    async def main() -> None:
        is_reading, go_on = asyncio.Event(), asyncio.Event()
        read: list[str] = []

        async def reads_slowly(*_: Any) -> None:
            async for user in users.objects.order_by("pk").aiterator(chunk_size=1):
                read.append(user.username)
                is_reading.set()
                await go_on.wait()

        async def counts(*_: Any) -> None:
            assert await users.objects.acount() == 5

        reader = asyncio.ensure_future(serve_websocket(reads_slowly))
        await is_reading.wait()
        await serve_websocket(counts)
        go_on.set()
        await reader
        assert len(read) == 5
        assert not await sync_to_async(has_connection)(), "the last one closes it"

    asyncio.run(main())


def has_connection() -> bool:
    from django.db import connection

    return connection.connection is not None


def a_websocket_may_have_a_thread_of_its_own() -> None:
    set_up(max_age=0)

    async def main() -> None:
        async def application(*_: Any) -> None:
            shared = await sync_to_async(threading.get_ident)()
            async with ThreadSensitiveContext():
                assert await sync_to_async(threading.get_ident)() != shared
            assert await sync_to_async(threading.get_ident)() == shared

        await serve_websocket(application)

    asyncio.run(main())


def a_plain_handler_gets_no_old_connection() -> None:
    set_up(max_age=60)

    async def main() -> None:
        c = await client_with_one_thread()
        first = await c.ask("plain identity")
        assert await c.ask("plain identity") == first
        assert await c.ask("plain age") == "old"
        assert await c.ask("plain lose") == "lost"  # with a new connection
        assert await c.ask("plain count") == ERROR
        assert await c.ask("plain count") == 5

    asyncio.run(main())


def connections_are_closed_after_each_handler() -> None:
    set_up(max_age=0)

    async def main() -> None:
        c = await client()
        assert await c.ask("count") == 5
        assert not await is_open()

    asyncio.run(main())


def old_connections_are_closed_before_a_handler_uses_them() -> None:
    set_up(max_age=60)

    async def main() -> None:
        c = await client()
        assert await c.ask("lose") == "lost"
        assert await is_open()

        def grow_old() -> None:
            from django.db import connection

            connection.close_at = 0

        await sync_to_async(grow_old)()
        assert await c.ask("count") == 5

    asyncio.run(main())


def connections_below_conn_max_age_are_kept() -> None:
    set_up(max_age=60)

    async def main() -> None:
        c = await client()
        assert await c.ask("count") == 5
        first = await identity()
        assert first is not None
        assert await c.ask("count") == 5
        assert await identity() is first

    asyncio.run(main())


def handlers_without_database_use_run_on_the_loop_only() -> None:
    set_up(max_age=60)

    @sio.on("hello")
    async def hello(socket: Any, ack: Any = None) -> None:
        await asyncio.sleep(0)
        ack("hello")

    async def main() -> None:
        c = await client()
        assert await c.ask("count") == 5  # now there is a connection to check
        submitted = []
        executor = SyncToAsync.single_thread_executor
        submit = executor.submit

        def counted(*args: Any, **kwargs: Any) -> Any:
            submitted.append(args)
            return submit(*args, **kwargs)

        executor.submit = counted  # type: ignore[method-assign]
        assert [await c.ask("hello") for _ in range(3)] == ["hello"] * 3
        assert submitted == []
        assert await c.ask("count") == 5
        assert len(submitted) == 2  # the query, and the check after the handler

    asyncio.run(main())


def a_cursor_of_another_handler_stays_open() -> None:
    user = set_up(max_age=0)

    @sio.on("read")
    async def read(socket: Any, ack: Any = None) -> None:
        names = []
        async for found in user.objects.order_by("username").aiterator(chunk_size=1):
            names.append(found.username)
            if len(names) == 2:
                reading.set()
                await go_on.wait()
        ack("".join(names))

    reading, go_on = asyncio.Event(), asyncio.Event()

    async def main() -> None:
        world = World()
        reader, other = await client(world), await client(world)
        number = reader.send("read")
        await reading.wait()
        assert await other.ask("count") == 5
        assert await is_open()
        go_on.set()
        assert await reader.answer(number) == "abcde"
        assert not await is_open()

    asyncio.run(main())


def a_lost_connection_is_closed_while_another_handler_runs() -> None:
    user = set_up(max_age=None)

    @sio.on("wait")
    async def wait(socket: Any, ack: Any = None) -> None:
        await user.objects.acount()
        waiting.set()
        await go_on.wait()
        ack(await user.objects.acount())

    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def main() -> None:
        world = World()
        waiter, other = await client(world), await client(world)
        number = waiter.send("wait")
        await waiting.wait()
        assert await other.ask("lose") == "lost"
        assert await other.ask("count") == ERROR
        assert await other.ask("count") == 5
        go_on.set()
        assert await waiter.answer(number) == 5

    asyncio.run(main())


def tasks_that_a_handler_has_started_get_working_connections() -> None:
    user = set_up(max_age=None)
    counts: asyncio.Queue[Any] = asyncio.Queue()

    async def count_on_demand() -> None:
        while True:
            await demand.get()
            try:
                counts.put_nowait(await user.objects.acount())
            except Exception as error:
                counts.put_nowait(type(error).__name__)

    @sio.on("start")
    async def start(socket: Any, ack: Any = None) -> None:
        tasks.append(asyncio.create_task(count_on_demand()))
        ack("started")

    demand: asyncio.Queue[None] = asyncio.Queue()
    tasks: list[asyncio.Task[None]] = []

    async def main() -> None:
        c = await client()
        assert await c.ask("start") == "started"
        await lose_connection()
        seen = []
        for _ in range(3):
            demand.put_nowait(None)
            seen.append(await counts.get())
        assert seen[1:] == [5, 5], seen
        tasks[0].cancel()

    asyncio.run(main())


def plain_handlers_have_their_own_threads() -> None:
    set_up(max_age=0)
    both = threading.Barrier(2, timeout=10)

    @sio.on("meet")
    def meet(socket: Any, ack: Any = None) -> None:
        both.wait()
        ack(threading.get_ident())

    @sio.on("thread")
    async def thread(socket: Any, ack: Any = None) -> None:
        ack(await sync_to_async(threading.get_ident)())

    async def main() -> None:
        world = World()
        one, two = await client(world), await client(world)
        shared = await sync_to_async(threading.get_ident)()
        numbers = one.send("meet"), two.send("meet")
        threads = {await one.answer(numbers[0]), await two.answer(numbers[1])}
        assert len(threads) == 2
        assert shared not in threads
        assert await one.ask("thread") == shared

    asyncio.run(main())


def checks_hooks_and_callbacks_get_working_connections() -> None:
    user = set_up(max_age=None)
    counted: dict[str, Any] = {}

    async def count(what: str) -> bool:
        try:
            counted[what] = await user.objects.acount()
        except Exception as error:
            counted[what] = type(error).__name__
        return True

    @sio.on("ask back")
    async def ask_back(socket: Any, ack: Any = None) -> None:
        socket.emit("q", callback=lambda: count("callback"))

    @sio.on("beside")
    @sio.concurrent
    async def beside(socket: Any) -> None:
        await count("beside")

    async def main() -> None:
        world = World()
        c = await client(world)

        @world.server.allow_request
        async def check(request: Any) -> bool:
            return await count("check")

        async def admits(name: str, auth: Any) -> bool:
            return await count("namespace")

        world.server.of(admits)

        async def twice(what: str, do: Any) -> None:
            """The first query may notice the loss; the second one works."""
            await lose_connection()
            for _ in range(2):
                do()
                await world.idle()
            assert counted[what] == 5, counted

        scope = {"type": "http", "path": "/socket.io/", "headers": []}
        await twice("check", lambda: world.dispatcher.handshake(1, scope))
        await twice("namespace", lambda: world.ask(f"/n{len(world.core.calls)}"))
        await twice("beside", lambda: world.send(c.socket, "beside"))
        numbers = iter((1, 2))
        c.send("ask back")
        c.send("ask back")
        await world.idle()
        await twice("callback", lambda: world.dispatcher.acknowledged(c.socket, next(numbers), []))

    asyncio.run(main())


def sync_code_that_runs_its_own_event_loop_does_not_deadlock() -> None:
    user = set_up(max_age=0)

    def count_in_own_loop() -> Any:
        try:
            return asyncio.run(user.objects.acount())
        except RuntimeError as error:
            return str(error)

    @sio.on("nested")
    async def nested(socket: Any, ack: Any = None) -> None:
        ack(await sync_to_async(count_in_own_loop)())

    async def main() -> None:
        c = await client()
        outside = await sync_to_async(count_in_own_loop)()
        assert await c.ask("nested") == outside

    asyncio.run(main())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
