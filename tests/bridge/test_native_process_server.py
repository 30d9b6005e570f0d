"""ProcessServer: the server of a Python process whose sockets belong to another process."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import _sioserve
import pytest


async def no_application(scope: Any, receive: Any, send: Any) -> None: ...


def test_it_does_not_listen_or_start_by_itself() -> None:
    server = _sioserve.ProcessServer(no_application)
    for call in (
        lambda: server.listen_tcp("127.0.0.1", 0),
        lambda: server.listen_unix("/nowhere/at/all"),
        lambda: server.listen_fd(0),
        lambda: server.start(asyncio.new_event_loop(), print),
        lambda: server.add_process(0, "a process"),
    ):
        with pytest.raises(RuntimeError):
            call()
    assert server.other_processes() == []
    server.reopen_logs()
    server.flush_logs()


def test_only_a_server_of_processes_takes_some() -> None:
    server = _sioserve.Server(no_application)
    with pytest.raises(RuntimeError, match="own process"):
        server.add_process(0, "a process")


def test_the_end_of_the_other_process_stops_it() -> None:
    async def main() -> None:
        stopped = asyncio.Event()
        server = _sioserve.ProcessServer(no_application)
        here, there = socket.socketpair()
        server.start_with(asyncio.get_running_loop(), stopped.set, there.detach())
        here.close()
        await asyncio.wait_for(stopped.wait(), 30)
        assert server.rooms_of(1) == set(), "nobody answers any more"

    asyncio.run(main())


def test_requests_pass_through_both_servers() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    async def main() -> None:
        loop = asyncio.get_running_loop()
        stopped, process_stopped = asyncio.Event(), asyncio.Event()
        io = _sioserve.Server(None, python_processes=True)
        port = int(io.listen_tcp("127.0.0.1", 0).rpartition(":")[2])
        io.start(loop, stopped.set)
        process = _sioserve.ProcessServer(application, stop_begun=lambda: begun.append(True))
        here, there = socket.socketpair()
        io.add_process(here.detach(), "the process")
        process.start_with(loop, process_stopped.set, there.detach())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 30)).endswith(b"\r\n\r\n/path")
        writer.close()
        io.stop()
        await asyncio.wait_for(asyncio.gather(stopped.wait(), process_stopped.wait()), 30)
        assert begun == [True]

    begun: list[bool] = []
    asyncio.run(main())
