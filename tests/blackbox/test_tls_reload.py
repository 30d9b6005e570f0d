"""Reloads of the code with TLS: --reload, and SIGHUP with --workers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import pathlib
import re
import signal
import ssl
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from support.certificates import Authority
from support.file_changes import change
from support.raw_http import RawConnection
from support.server import PATIENCE, ServerProcess
from support.socketio_apps import APPS
from support.tls_client import TlsConnection
from support.workers import pids, start_versioned, write_code
from websockets.asyncio.client import connect

import socketio

COUNT = "/count"  # the namespace of socketio_apps/resuming.py

APPLICATION = """
async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"version %s " + scope["scheme"].encode()})
"""

StartServer = Callable[..., ServerProcess]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return authority.client_context()


def listening_socket(server: ServerProcess) -> int:
    """The inode of the socket that listens at the server's port."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == server.port:
            return int(fields[9])
    raise AssertionError(f"nobody listens at {server.port}")


def get(server: ServerProcess, trusting: ssl.SSLContext) -> str:
    """The answer to a new connection."""
    with TlsConnection(server.port, trusting) as connection:
        response = connection.get("/").read_response()
    assert response.status == 200
    return response.body.decode()


# --- --reload ---


def write(project: pathlib.Path, version: str) -> None:
    (project / "web.py").write_text(APPLICATION % version)


def test_a_changed_file_restarts_the_server_on_its_socket(
    start_server: StartServer,
    authority: Authority,
    trusting: ssl.SSLContext,
    tmp_path: pathlib.Path,
) -> None:
    write(tmp_path, "1")
    server = start_server("web:application", "--reload", *authority.issue().options, cwd=tmp_path)
    listener = listening_socket(server)
    assert get(server, trusting) == "version 1 https"
    broken = "def application(:\n"
    change(server, lambda: (tmp_path / "web.py").write_text(broken), then="exit code 3")
    assert listening_socket(server) == listener
    # Between two children, the system accepts the connection, whose handshake waits.
    with RawConnection(server.port) as waiting:
        change(server, lambda: write(tmp_path, "2"), then="Listening on https://")
        with trusting.wrap_socket(waiting.socket, server_hostname="localhost") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b""
            while part := tls.recv(65536):
                answer += part
    assert b"version 2 https" in answer
    assert listening_socket(server) == listener
    assert get(server, trusting) == "version 2 https"


def test_a_restart_uses_a_new_certificate(
    start_server: StartServer, tmp_path: pathlib.Path
) -> None:
    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b", "Another")
    issued, renewed = authority.issue(), other.issue()
    write(tmp_path, "1")
    server = start_server("web:application", "--reload", *issued.options, cwd=tmp_path)
    assert get(server, authority.client_context()) == "version 1 https"
    renewed.certificate.replace(issued.certificate)
    renewed.key.replace(issued.key)
    change(server, lambda: write(tmp_path, "2"), then="Listening on https://")
    assert get(server, other.client_context()) == "version 2 https"


# --- SIGHUP with --workers ---


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    write_code(tmp_path, "one")
    return tmp_path


@pytest.fixture
def start(
    folder: pathlib.Path, start_server: StartServer, authority: Authority
) -> Callable[[], ServerProcess]:
    options = authority.issue().options
    return functools.partial(start_versioned, start_server, folder, *options, workers=2)


def reload(server: ServerProcess) -> None:
    """Returns when the new processes work."""
    start = len(server.log)
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log("Reloaded: 2 new Python processes work", start)


def test_new_processes_take_over_on_the_same_socket(
    start: Callable[[], ServerProcess], folder: pathlib.Path, trusting: ssl.SSLContext
) -> None:
    server = start()
    old = pids(server, 2)
    listener = listening_socket(server)
    with TlsConnection(server.port, trusting) as kept:
        assert kept.get("/").read_response().body.startswith(b"one ")
        write_code(folder, "two")
        reload(server)
        # With a new connection, and with one whose handshake was before.
        for _ in range(4):
            assert get(server, trusting).startswith("two ")
            assert kept.get("/").read_response().body.startswith(b"two ")
    assert listening_socket(server) == listener
    assert not {int(get(server, trusting).split()[1]) for _ in range(4)} & set(old)


def test_a_handshake_under_way_survives(
    start: Callable[[], ServerProcess], folder: pathlib.Path, trusting: ssl.SSLContext
) -> None:
    server = start()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with RawConnection(server.port) as connection:
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        connection.send(outgoing.read())
        incoming.write(connection.socket.recv(65536))
        write_code(folder, "two")
        reload(server)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.send(outgoing.read())
                incoming.write(connection.socket.recv(65536))
        tls.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.send(outgoing.read())
        answer = b""
        while b"two " not in answer:
            incoming.write(connection.socket.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += tls.read(65536)
                assert b"one " not in answer


async def test_a_websocket_stays_with_its_old_process(
    start: Callable[[], ServerProcess], folder: pathlib.Path, trusting: ssl.SSLContext
) -> None:
    server = start()
    async with connect(server.websocket_url, ssl=trusting, proxy=None) as websocket:
        await websocket.send("a")
        assert await websocket.recv() == "one a"
        write_code(folder, "two")
        await asyncio.to_thread(reload, server)
        await websocket.send("b")
        assert await websocket.recv() == "one b"
        async with connect(server.websocket_url, ssl=trusting, proxy=None) as other:
            await other.send("a")
            assert await other.recv() == "two a"


@contextlib.asynccontextmanager
async def client_of(
    server: ServerProcess, trusting: ssl.SSLContext, transport: str
) -> AsyncIterator[tuple[socketio.AsyncClient, asyncio.Queue[str]]]:
    """A client in COUNT, and its events; it does not reconnect."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    connector = aiohttp.TCPConnector(ssl=trusting)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = socketio.AsyncClient(http_session=session, reconnection=False)
        client.on("resumed", heard.put, namespace=COUNT)
        client.on("disconnect", heard.put, namespace=COUNT)
        await client.connect(
            server.url,
            namespaces=[COUNT],
            auth={"room": "room"},
            transports=[transport],
            wait_timeout=PATIENCE,
        )
        yield client, heard
        await client.disconnect()


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_an_open_session_moves_to_a_new_process(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext, transport: str
) -> None:
    options = ("--workers", "2", *authority.issue().options)
    server = start_server("resuming:application", *options, cwd=APPS)
    old = await asyncio.to_thread(pids, server, 2)

    async with client_of(server, trusting, transport) as (client, heard):
        id = client.get_sid(COUNT)
        call = functools.partial(client.call, namespace=COUNT, timeout=PATIENCE)
        await call("number", 1)
        pid, before = await call("tell")
        assert pid in old
        for moves in (1, 2):
            await asyncio.to_thread(reload, server)
            assert await asyncio.wait_for(heard.get(), PATIENCE) == "reload"
            other, after = await call("tell")
            assert other != pid
            assert after["data"] == {"numbers": [1], "whys": ["reload"] * moves}
            for same in ("id", "rooms", "auth", "url", "address", "transport"):
                assert after[same] == before[same], same
            assert client.get_sid(COUNT) == id
            pid = other
        assert heard.empty()
    assert len(re.findall(r"\bconnect of", server.log)) == 1
