"""Subclasses of Server, and garbage collection of servers in reference cycles."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import weakref
from collections.abc import Callable
from typing import Any

import _sioserve
import httpx
import pytest
from native import respond, run_script, threads
from support.waiting import eventually


class Application:
    """An application that refers to its server, so that both form a cycle."""

    server: Any = None
    other_process: socket.socket | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await respond(send)

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


class Subclass(_sioserve.Server):
    def __init__(self, application: Any, note: str = "", **settings: Any) -> None:
        super().__init__(application, **settings)
        self.note = note


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def collected(*objects: weakref.ref[Any]) -> bool:
    gc.collect()
    return all(reference() is None for reference in objects)


def test_a_subclass_has_attributes_and_works() -> None:
    async def main() -> None:
        server = Subclass(Application(), note="mine", max_rooms=7)
        address = server.listen_tcp("127.0.0.1", 0)
        stopped = asyncio.Event()
        server.start(asyncio.get_running_loop(), stopped.set)
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(address)).text == "ok"
        assert (server.note, server.max_rooms) == ("mine", 7)
        server.stop()
        await stopped.wait()

    asyncio.run(main())


def test_a_subclass_of_a_subclass_and_of_other_classes_works() -> None:
    class Mixin:
        pass

    class Deeper(Mixin, Subclass):
        __slots__ = ("slot",)

    server = Deeper(None)
    server.slot = server
    reference = weakref.ref(server)
    server.emit(1, ["event"])
    del server
    assert collected(reference)


def test_a_subclass_that_forgets_its_base_raises() -> None:
    class Forgetful(_sioserve.Server):
        def __init__(self) -> None: ...

    with pytest.raises(RuntimeError, match=r"Server.__init__ was not called"):
        Forgetful().stop()


@pytest.mark.parametrize("cls", [_sioserve.ProcessServer, _sioserve.LoopbackServer])
def test_other_servers_cannot_be_subclassed(cls: type[_sioserve.Server]) -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Subclass", (cls,), {})


def references_by(place: str, cls: Any = _sioserve.Server) -> Callable[[Application], Any]:
    """Creates a server that refers to its application in this way."""

    def make(application: Application) -> Any:
        if place == "application":
            return cls(application)
        if place in ("state", "extensions"):
            return cls(None, **{place: {"application": application}})
        if place == "attribute":
            server = Subclass(None)
            server.note = application  # type: ignore[assignment]
            return server
        if place == "wake":
            return _sioserve.LoopbackServer(application)
        if place == "scope":
            loopback = _sioserve.LoopbackServer(lambda: None)
            loopback.open_session({"application": application})
            return loopback
        return cls(None, **{place: application})

    return make


PLACES = [
    *("application", "dispatcher", "state", "extensions", "json_default", "client_gone"),
    *("max_requests_reached", "stop_begun"),
]


@pytest.mark.parametrize(
    ("cls", "place"),
    [
        *((_sioserve.Server, place) for place in [*PLACES, "attribute", "wake", "scope"]),
        *((_sioserve.ProcessServer, place) for place in PLACES),
    ],
)
def test_a_cycle_through_each_reference_of_a_server_is_collected(cls: Any, place: str) -> None:
    application = Application()
    application.server = references_by(place, cls)(application)
    reference = weakref.ref(application)
    del application
    assert collected(reference)


def test_servers_in_cycles_close_their_descriptors() -> None:
    def make() -> None:
        application = Application()
        application.server = _sioserve.Server(application)
        application.server.listen_tcp("127.0.0.1", 0)

    make()
    gc.collect()
    before = descriptors()
    for _ in range(50):
        make()
    gc.collect()
    assert descriptors() == before


@pytest.mark.parametrize("end", ["stopped", "running"])
@pytest.mark.parametrize("cls", [_sioserve.Server, _sioserve.ProcessServer])
def test_started_servers_in_cycles_with_their_loops_end(
    cls: type[_sioserve.Server], end: str
) -> None:
    async def serve() -> weakref.ref[Application]:
        application = Application()
        application.server = server = cls(application)
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        if isinstance(server, _sioserve.ProcessServer):
            application.other_process, ours = socket.socketpair()
            server.start_with(loop, stopped.set, ours.detach())
        else:
            server.listen_tcp("127.0.0.1", 0)
            server.start(loop, stopped.set)
        if end == "stopped":
            if application.other_process is not None:
                application.other_process.close()  # which ends this one, too
            else:
                server.stop()
            await stopped.wait()
        return weakref.ref(application)

    asyncio.run(serve())
    gc.collect()
    before, threads_before = descriptors(), threads()
    applications = [asyncio.run(serve()) for _ in range(10)]
    assert collected(*applications)
    assert descriptors() == before
    eventually(lambda: threads() <= threads_before)


def test_a_request_that_waits_is_collected_with_its_server() -> None:
    result = run_script(
        """
        import asyncio, gc, os, weakref
        import _sioserve

        markers = []

        class Application:
            async def __call__(self, scope, receive, send):
                self.receive, self.send, self.scope = receive, send, scope
                await receive()
                markers.append(weakref.ref(asyncio.current_task()))
                await receive()

        async def serve(application):
            application.server = _sioserve.Server(application)
            host, _, port = application.server.listen_tcp("127.0.0.1", 0)[7:].partition(":")
            application.server.start(asyncio.get_running_loop(), lambda: None)
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
            while not application.server.running_tasks() or not markers:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            writer.close()

        def life():
            markers.clear()
            loop = asyncio.new_event_loop()
            application = Application()
            loop.run_until_complete(serve(application))
            loop.close()
            markers.append(weakref.ref(application))

        life()
        gc.collect()
        before = len(os.listdir("/proc/self/fd"))
        life()
        gc.collect()
        print([marker() for marker in markers], len(os.listdir("/proc/self/fd")) - before)
        """
    )
    assert (result.returncode, result.stdout) == (0, "[None, None] 0\n"), result.stderr


def test_references_of_receive_and_send_are_collected_after_the_server() -> None:
    class Marker:
        pass

    references: list[weakref.ref[Any]] = []

    class Keeping(Application):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            self.kept = (receive, send, receive())
            await respond(send)

    async def main() -> None:
        application = Keeping()
        references.append(weakref.ref(application))
        server = _sioserve.Server(application, state={"application": application})
        address = server.listen_tcp("127.0.0.1", 0)
        stopped = asyncio.Event()
        server.start(asyncio.get_running_loop(), stopped.set)
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(address)
        server.stop()
        await stopped.wait()

    asyncio.run(main())
    assert collected(*references)


def test_a_forked_child_collects_a_cycle_and_leaves_the_server_to_its_parent() -> None:
    result = run_script(
        """
        import asyncio, gc, os, urllib.request
        import _sioserve

        class Application:
            async def __call__(self, scope, receive, send):
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": b"ok"})

        async def main():
            application = Application()
            application.server = server = _sioserve.Server(application)
            address = server.listen_tcp("127.0.0.1", 0)
            stopped = asyncio.Event()
            loop = asyncio.get_running_loop()
            server.start(loop, stopped.set)
            child = os.fork()
            if child == 0:
                loop._selector._fd_to_key.clear()
                del application.server, server, application
                gc.collect()
                gc.collect()
                os._exit(0)
            print("child:", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            fetch = lambda: urllib.request.urlopen(address).read()
            print(await loop.run_in_executor(None, fetch))
            server.stop()
            await stopped.wait()

        asyncio.run(main())
        """
    )
    assert (result.returncode, result.stdout) == (0, "child: 0\nb'ok'\n"), result.stderr


def test_servers_leave_no_references_behind() -> None:
    dispatcher = Application()

    def round_of_calls() -> None:
        server = _sioserve.Server(dispatcher, dispatcher, state={}, client_gone=dispatcher)
        server.emit(1, ["event", {"a": [1, b"2"]}])
        relays = server.make_relays([("a", "own", ["room"], True, False, 1, 1)])
        server.accept_socket(1, relays)
        loopback = _sioserve.LoopbackServer(lambda: None, dispatcher)
        loopback.receive(loopback.open_session({}), "0")
        loopback._drain()
        with pytest.raises(TypeError):
            _sioserve.Server(dispatcher, max_rooms="many")

    def count() -> int:
        gc.collect()
        return len(gc.get_objects())

    for _ in range(3):
        round_of_calls()
    before = count()
    for _ in range(20):
        round_of_calls()
    assert count() - before < 20
