"""The connection of an emitter: threads, event loops, fork(), and a Redis that goes and comes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import sio
from support.redis_server import RedisServer
from support.server import ROOT
from support.waiting import eventually


class Events:
    """The names of published events."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self._pubsub = self.client.pubsub()
        self._pubsub.psubscribe("socket.io#*")
        self._pubsub.get_message(timeout=10)

    def next(self, seconds: float = 10) -> Any:
        import msgpack

        message = self._pubsub.get_message(timeout=seconds)
        assert message is not None, "nothing was published"
        event, *args = msgpack.unpackb(message["data"])[1]["data"]
        return [event, *args] if args else event

    def take(self, count: int) -> list[Any]:
        return [self.next() for _ in range(count)]

    def connections(self) -> int:
        """Those that have published."""
        clients = self.client.client_list()
        return sum(one["cmd"] in ("publish", "spublish") for one in clients)

    def close(self) -> None:
        self._pubsub.close()
        self.client.close()


@pytest.fixture
def events(own_redis: RedisServer) -> Iterator[Events]:
    events = Events(own_redis.url)
    yield events
    events.close()


@pytest.fixture
def emitter(own_redis: RedisServer) -> Iterator[sio.RedisEmitter]:
    emitter = sio.RedisEmitter(own_redis.url)
    yield emitter
    emitter.close()


# --- threads and event loops ---


def test_an_emit_without_an_event_loop_is_published_when_it_returns(
    emitter: sio.RedisEmitter, events: Events
) -> None:
    result = emitter.emit("hi")
    assert events.next() == "hi"
    asyncio.run(_await(result))  # it may be awaited all the same


def test_threads_share_a_connection(emitter: sio.RedisEmitter, events: Events) -> None:
    def emit(number: int) -> None:
        for _ in range(50):
            emitter.emit("n", number)

    threads = [threading.Thread(target=emit, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    numbers = [events.next()[1] for _ in range(400)]
    assert sorted(numbers) == sorted([*range(8)] * 50)
    for thread in threads:
        thread.join()
    assert events.connections() == 1


async def test_an_awaited_emit_is_published(emitter: sio.RedisEmitter, events: Events) -> None:
    await emitter.emit("one")
    assert events.next() == "one"
    result = emitter.emit("two")
    await asyncio.gather(result, emitter.emit("three"))
    await result  # again
    assert events.take(2) == ["two", "three"]
    await asyncio.create_task(emitter.to("r").emit("four"))
    assert events.next() == "four"


async def test_the_event_loop_runs_while_redis_does_not_answer(
    own_redis: RedisServer, emitter: sio.RedisEmitter, events: Events
) -> None:
    await emitter.emit("before")
    own_redis.process.send_signal(signal.SIGSTOP)
    waiting = asyncio.ensure_future(emitter.emit("slow"))
    try:
        turns = 0
        while turns < 100:
            await asyncio.sleep(0)
            turns += 1
        assert not waiting.done()
    finally:
        own_redis.process.send_signal(signal.SIGCONT)
    await waiting
    assert events.take(2) == ["before", "slow"]


def test_what_is_not_awaited_is_published_though_the_loop_ends(
    emitter: sio.RedisEmitter, events: Events
) -> None:
    async def main() -> None:
        for number in range(20):
            emitter.emit("n", number)

    asyncio.run(main())
    assert events.take(20) == [["n", number] for number in range(20)]


def test_many_event_loops_share_the_connection(emitter: sio.RedisEmitter, events: Events) -> None:
    from asgiref.sync import async_to_sync

    for number in range(20):
        async_to_sync(emitter.emit)("n", number)
    assert events.take(20) == [["n", number] for number in range(20)]
    assert events.connections() == 1


async def test_threads_and_the_loop_keep_their_order(
    emitter: sio.RedisEmitter, events: Events
) -> None:
    emitter.emit("loop")
    await asyncio.to_thread(emitter.emit, "thread")
    emitter.emit("loop again")
    assert events.take(3) == ["loop", "thread", "loop again"]


def test_the_end_of_the_process_waits_for_what_was_not_awaited(
    own_redis: RedisServer, events: Events
) -> None:
    run(
        """
        import asyncio
        async def main():
            for number in range(50):
                sio.get_socketio_server().emit("n", number)
        asyncio.run(main())
        """,
        SIOSERVE_REDIS=own_redis.url,
    )
    assert events.take(50) == [["n", number] for number in range(50)]


# --- fork ---


def test_children_made_by_fork_have_connections_of_their_own(
    own_redis: RedisServer, events: Events
) -> None:
    """As Celery's worker processes."""
    run(
        """
        import os
        server = sio.get_socketio_server()
        server.emit("parent")
        for number in range(3):
            pid = os.fork()
            if pid == 0:
                import gc
                gc.collect()
                server.emit("child", number)
                server.emit("child", number)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            server.emit("parent")
        """,
        SIOSERVE_REDIS=own_redis.url,
    )
    expected = ["parent"]
    for number in range(3):
        expected += [["child", number], ["child", number], "parent"]  # type: ignore[list-item]
    assert events.take(10) == expected


def test_a_child_that_is_made_while_a_thread_emits(own_redis: RedisServer, events: Events) -> None:
    """The thread may hold any lock of the emitter."""
    run(
        """
        import asyncio, os, threading
        server = sio.get_socketio_server()
        server.emit("start")  # no child may be made while a thread imports redis
        ended = threading.Event()
        def emit():
            while not ended.is_set():
                server.emit("parent")
        def emit_on_loop():
            async def main():
                while not ended.is_set():
                    await server.emit("parent")
            asyncio.run(main())
        threads = [threading.Thread(target=target) for target in (emit, emit, emit_on_loop)]
        for thread in threads: thread.start()
        for number in range(20):
            pid = os.fork()
            if pid == 0:
                server.emit("child", number)
                async def main(): await server.emit("child", number)
                asyncio.run(main())
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        ended.set()
        for thread in threads: thread.join()
        server.emit("end")
        """,
        SIOSERVE_REDIS=own_redis.url,
    )
    assert events.next() == "start"
    found = []
    while (event := events.next()) != "end":
        if event[0] == "child":
            found.append(event[1])
    assert found == [number for number in range(20) for _ in range(2)]


def test_a_forked_child_may_end_normally(own_redis: RedisServer, events: Events) -> None:
    run(
        """
        import asyncio, os, sys
        server = sio.get_socketio_server()
        async def main(): server.emit("n")
        asyncio.run(main())
        server.emit("connected")  # so the other thread is idle
        pid = os.fork()
        if pid == 0:
            asyncio.run(main())
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        server.emit("end")
        """,
        SIOSERVE_REDIS=own_redis.url,
    )
    assert events.take(4) == ["n", "connected", "n", "end"]


# --- Redis goes and comes ---


def test_a_lost_redis_raises_and_the_next_emit_connects_again(
    own_redis: RedisServer, emitter: sio.RedisEmitter, events: Events
) -> None:
    emitter.emit("before")
    assert events.next() == "before"
    own_redis.kill()
    for _ in range(2):
        with pytest.raises(sio.PublishError, match=r"can't emit 'lost': Redis at redis://127") as e:
            emitter.emit("lost")
        assert "Connection refused" in str(e.value)
        assert isinstance(e.value, RuntimeError)
    own_redis.start()
    again = Events(own_redis.url)
    emitter.emit("after")
    assert again.next() == "after"
    again.close()


def test_a_restarted_redis_is_not_noticed(
    own_redis: RedisServer, emitter: sio.RedisEmitter
) -> None:
    emitter.emit("before")
    own_redis.kill()
    own_redis.start()
    events = Events(own_redis.url)
    emitter.emit("after")
    assert events.next() == "after"
    events.close()


async def test_a_lost_redis_raises_to_who_awaits_and_is_logged_otherwise(
    own_redis: RedisServer, emitter: sio.RedisEmitter, caplog: pytest.LogCaptureFixture
) -> None:
    await emitter.emit("before")
    own_redis.kill()
    with pytest.raises(sio.PublishError, match=r"can't emit 'awaited'.*Connection refused"):
        await emitter.emit("awaited")
    assert not caplog.records
    emitter.emit("not awaited")
    await asyncio.to_thread(eventually, lambda: caplog.records)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("can't emit 'not awaited': Redis at redis://127.0.0.1:")
    own_redis.start()
    await emitter.emit("after")


async def test_a_log_handler_that_emits_does_not_feed_itself(
    own_redis: RedisServer, emitter: sio.RedisEmitter, caplog: pytest.LogCaptureFixture
) -> None:
    class Emitting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            emitter.emit("log line", record.getMessage())

    own_redis.kill()
    handler = Emitting()
    logger = logging.getLogger("sio.socketio.cluster")
    logger.addHandler(handler)
    try:
        emitter.emit("not awaited")
        await asyncio.to_thread(eventually, lambda: caplog.records)
        await asyncio.to_thread(emitter.close)  # when all that waits was tried
    finally:
        logger.removeHandler(handler)
    failures = [r.getMessage() for r in caplog.records if r.name == logger.name]
    assert len(failures) == 1


def test_an_answer_of_redis_that_refuses_raises(own_redis: RedisServer, events: Events) -> None:
    command = ("ACL", "SETUSER", "watcher", "on", ">secret", "resetchannels", "+@all", "~*")
    events.client.execute_command(*command)
    emitter = sio.RedisEmitter(own_redis.url.replace("//", "//watcher:secret@"))
    with pytest.raises(sio.PublishError, match="channel") as raised:
        emitter.emit("hi")
    assert "secret" not in str(raised.value)
    wrong = sio.RedisEmitter(own_redis.url.replace("//", "//watcher:wrong@"))
    with pytest.raises(sio.PublishError, match="invalid username-password pair"):
        wrong.emit("hi")
    assert "wrong" not in repr(wrong)
    for one in (emitter, wrong):
        one.close()


def test_a_message_that_can_t_be_sent_does_not_disturb_others(
    emitter: sio.RedisEmitter, events: Events
) -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        emitter.emit("hi", room="\ud800")
    with pytest.raises(ValueError, match="surrogates not allowed"):
        emitter.to("\ud800").sockets_join("r")
    with pytest.raises(TypeError, match=r"not JSON serializable at \$\[1\]"):
        emitter.emit("hi", object())
    emitter.emit("good")
    assert events.next() == "good"


async def test_an_event_loop_that_emits_faster_than_redis_takes(
    own_redis: RedisServer, emitter: sio.RedisEmitter
) -> None:
    await emitter.emit("connected")
    own_redis.process.send_signal(signal.SIGSTOP)
    waiting: list[Any] = []
    try:
        for _ in range(64):
            waiting.append(emitter.emit("large", b"x" * 999_900))
        with pytest.raises(sio.PublishError, match="bytes wait for Redis"):
            emitter.emit("large", b"x" * 999_900)
    finally:
        own_redis.process.send_signal(signal.SIGCONT)
    for result in waiting:
        await result
    await emitter.emit("more")


async def _await(result: Any) -> None:
    await result


def run(code: str, **env: str) -> str:
    """A process that serves nothing."""
    command = [sys.executable, "-c", "import sio\n" + textwrap.dedent(code)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python"), **env},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout
