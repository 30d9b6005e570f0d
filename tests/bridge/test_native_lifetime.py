"""Object lifetimes: the server, its loop, its tasks, and objects that an application keeps."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import pathlib
import weakref
from typing import Any

import httpx
import pytest
from native import respond, run_script, serving, threads
from support.waiting import eventually
from websockets.asyncio.client import connect


async def nothing(scope: Any, receive: Any, send: Any) -> None: ...


async def test_receive_and_send_may_outlive_the_server() -> None:
    kept: dict[str, tuple[Any, Any]] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        kept[scope["type"]] = (receive, send)
        if scope["type"] == "http":
            await respond(send)
        else:
            await receive()
            await send({"type": "websocket.close"})

    async with serving(application) as running:
        await running.get()
        with contextlib.suppress(Exception):
            await connect(f"ws://{running.address}/", proxy=None)
    io_thread = running.io_thread
    assert io_thread in threads()  # the server has stopped, but is not freed
    del running
    gc.collect()
    eventually(lambda: io_thread not in threads())
    for receive, send in kept.values():
        assert (await receive())["type"].endswith((".request", ".disconnect"))
        assert (await receive())["type"].endswith(".disconnect")
        with contextlib.suppress(RuntimeError, OSError):
            await send({"type": "http.response.body"})


async def test_the_io_thread_ends_before_the_server_is_freed() -> None:
    async with serving(nothing) as running:
        assert running.io_thread in threads()
    running.server.end()
    assert running.io_thread not in threads()
    running.server.end()
    assert running.server.counts()["sessions"] == 0
    running.server.stop()


def test_a_task_that_outlives_the_server_ends_quietly() -> None:
    result = run_script(
        """
        import asyncio, gc, threading, urllib.request
        import _sioserve

        waits = asyncio.Event()

        async def application(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"ok"})
            waits.set()
            await release.wait()
            await receive()
            await receive()
            await send({"type": "http.response.body", "body": b"late"})

        async def first_life():
            server = _sioserve.Server(application)
            host, _, port = server.listen_tcp("127.0.0.1", 0)[7:].partition(":")
            stopped = asyncio.Event()
            server.start(asyncio.get_running_loop(), stopped.set)
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
            await waits.wait()
            writer.close()
            server.stop()
            await stopped.wait()

        async def main():
            global release
            release = asyncio.Event()
            await first_life()
            gc.collect()
            (late,) = asyncio.all_tasks() - {asyncio.current_task()}
            release.set()
            await asyncio.wait([late])
            print("ended:", late.exception())

        asyncio.run(main())
        """
    )
    assert result.returncode == 0, result.stderr
    assert "ended: http.response.body after the end of the response" in result.stdout


# For wheels, scripts/check_wheels does the same.
@pytest.mark.parametrize("waiting_in", ["application", "commands"])
def test_the_interpreter_ends_while_threads_wait_for_the_gil(waiting_in: str) -> None:
    script = pathlib.Path(__file__).parents[1] / "packaging/site/threads_at_exit.py"
    source = f"import sys; sys.argv[1:] = ['{waiting_in}']; exec(open('{script}').read())"
    for _ in range(5):
        result = run_script(source)
        assert result.returncode == 0, result.stderr


async def test_a_stopped_server_without_references_is_freed_with_its_thread() -> None:
    async with serving(nothing) as running:
        io_thread = running.io_thread
        assert io_thread in threads()
    del running
    gc.collect()
    eventually(lambda: io_thread not in threads())


async def test_a_server_in_a_cycle_with_its_application_is_collected() -> None:
    class Application:
        server: Any = None

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    application = Application()
    marker = weakref.ref(application)
    async with serving(application, application) as running:
        application.server = running.server
        io_thread = running.io_thread
    del application, running
    gc.collect()
    assert marker() is None
    eventually(lambda: io_thread not in threads())


async def test_a_request_whose_task_has_no_references_is_not_collected() -> None:
    futures: list[weakref.ref[asyncio.Future[None]]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        future = asyncio.get_running_loop().create_future()
        futures.append(weakref.ref(future))
        await future
        await respond(send)

    async with serving(application) as running:
        request = asyncio.ensure_future(running.get())
        while not futures:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()
        future = futures[0]()
        assert future is not None
        future.set_result(None)
        assert (await request).text == "ok"


async def test_scopes_of_failed_handshakes_are_dropped() -> None:
    class Marker:
        pass

    markers: list[weakref.ref[Marker]] = []
    received = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        marker = Marker()
        markers.append(weakref.ref(marker))
        await receive()
        received.set()
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "sioserve.engineio.accept", "scope": {"marker": marker}})

    class Dispatcher:
        def session_opened(self, session: int, scope: Any) -> None: ...
        def session_closed(self, session: int) -> None: ...

    async with serving(application, Dispatcher(), half_close_timeout_ms=100) as running:
        host, port = running.address.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n")
        await received.wait()
        writer.close()
        async with asyncio.timeout(10):
            while markers[0]() is not None:
                await asyncio.sleep(0.01)


async def test_start_is_possible_once_and_listen_only_before_it() -> None:
    async with serving(nothing) as running:
        with pytest.raises(RuntimeError, match="start"):
            running.server.start(asyncio.get_running_loop(), lambda: None)
        with pytest.raises(RuntimeError, match="listen"):
            running.server.listen_tcp("127.0.0.1", 0)


def test_a_forked_child_is_refused_and_ends_cleanly() -> None:
    result = run_script(
        """
        import asyncio, os, sys
        import _sioserve

        async def application(scope, receive, send): ...

        async def main():
            server = _sioserve.Server(application)
            server.listen_tcp("127.0.0.1", 0)
            stopped = asyncio.Event()
            server.start(asyncio.get_running_loop(), stopped.set)
            child = os.fork()
            if child == 0:
                try:
                    server.emit(1, ["event"])
                except RuntimeError as error:
                    print(f"refused: {error}", flush=True)
                del server
                os._exit(0)
            _, status = os.waitpid(child, 0)
            print("child:", os.waitstatus_to_exitcode(status))
            server.stop()
            await stopped.wait()

        asyncio.run(main())
        """
    )
    assert result.returncode == 0, result.stderr
    assert "refused: the server runs in another process" in result.stdout
    assert "child: 0" in result.stdout


async def test_running_tasks_are_listed() -> None:
    release = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await respond(send)
        await release.wait()

    async with serving(application) as running, httpx.AsyncClient(trust_env=False) as client:
        assert running.server.running_tasks() == []
        await client.get(running.url)
        ((task, scope),) = running.server.running_tasks()
        assert (scope["method"], scope["path"]) == ("GET", "/")
        release.set()
        await task
        await asyncio.sleep(0)
        assert running.server.running_tasks() == []
