"""HAProxy with the configurations of docs/deployment.md; see scripts/check_haproxy.

usage: haproxy.py PROGRAM FOLDER
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import re
import ssl
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import httpx
from websockets.asyncio.client import connect

import socketio

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.certificates import Authority, Issued
from support.haproxy import haproxy
from support.ports import free_port
from support.server import ROOT, ServerProcess

FORGED = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "Forwarded": "for=6.6.6.6"}
UPLOAD = bytes(range(256)) * 8_000  # 2 MB
PATIENCE = 60.0  # seconds

ASGI = """
import json
import sio

def told(scope):
    names = ("client", "scheme", "http_version", "server")
    return {name: scope.get(name) for name in names}

@sio.on("who")
async def who(socket, ack):
    await ack(told(socket.scope))

@sio.on("everybody")
async def everybody(socket, text):
    await socket.server.emit("news", text)

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": json.dumps(told(scope))})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = json.dumps({**told(scope), "size": size}).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
"""

Check = Callable[[str, ssl.SSLContext], Awaitable[dict[str, Any]]]


class Documented:
    """The blocks of the documentation, with ports and files of this check."""

    def __init__(self) -> None:
        text = (ROOT / "docs" / "deployment.md").read_text()
        self.text = "".join(re.findall(r"```haproxy\n(.*?)```", text, re.DOTALL))

    def replace(self, before: str, after: str) -> None:
        assert self.text.count(before) == 1, f"{before!r} in the documentation"
        self.text = self.text.replace(before, after)


async def a_request(url: str, trusting: ssl.SSLContext) -> dict[str, Any]:
    async with httpx.AsyncClient(verify=trusting, headers=FORGED, timeout=PATIENCE) as client:
        for _ in range(3):
            answer = await client.get(url)
        assert answer.http_version == "HTTP/1.1"
        return dict(answer.json())


async def an_upload_over_http2(url: str, trusting: ssl.SSLContext) -> dict[str, Any]:
    async with httpx.AsyncClient(
        http2=True, verify=trusting, headers=FORGED, timeout=PATIENCE
    ) as client:
        answer = await client.post(url, content=UPLOAD)
    assert answer.http_version == "HTTP/2"
    told = dict(answer.json())
    assert told["size"] == len(UPLOAD)
    return told


async def a_websocket(url: str, trusting: ssl.SSLContext) -> dict[str, Any]:
    base = url.replace("http", "ws", 1)
    async with connect(
        base, ssl=trusting, additional_headers=FORGED, proxy=None, open_timeout=PATIENCE
    ) as websocket:
        told = json.loads(await websocket.recv())
        for text in ("a", "b" * 200_000):
            await websocket.send(text)
            assert await websocket.recv() == text
    return dict(told)


@contextlib.asynccontextmanager
async def socketio_client(
    url: str, trusting: ssl.SSLContext, transports: list[str]
) -> AsyncIterator[socketio.AsyncClient]:
    connector = aiohttp.TCPConnector(ssl=trusting)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = socketio.AsyncClient(http_session=session, reconnection=False)
        await client.connect(url, headers=FORGED, transports=transports, wait_timeout=PATIENCE)
        yield client
        await client.disconnect()


def socketio_over(*transports: str) -> Check:
    async def run(url: str, trusting: ssl.SSLContext) -> dict[str, Any]:
        async with socketio_client(url, trusting, list(transports)) as client:
            heard: asyncio.Queue[str] = asyncio.Queue()
            client.on("news", heard.put)
            told = await client.call("who", timeout=PATIENCE)
            for text in ("a", "b" * 200_000):
                await client.emit("everybody", text)
                assert await asyncio.wait_for(heard.get(), PATIENCE) == text
            assert client.transport() == transports[-1]
        return dict(told)

    return run


CHECKS: dict[str, Check] = {
    "requests over HTTP/1.1": a_request,
    "an upload over HTTP/2": an_upload_over_http2,
    "a WebSocket": a_websocket,
    "Socket.IO over polling": socketio_over("polling"),
    "Socket.IO over a WebSocket": socketio_over("websocket"),
    "Socket.IO that upgrades": socketio_over("polling", "websocket"),
}


def check(name: str, run: Check, url: str, authority: Authority, versions: set[str]) -> bool:
    """`versions`: those of HTTP that may reach the application."""
    try:
        # Each client sets its protocols in the context.
        answer = run(url, authority.client_context())
        told = asyncio.run(asyncio.wait_for(answer, 3 * PATIENCE))
    except Exception as error:
        print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)
        return False
    holds = (
        told["client"][0] == "127.0.0.1"
        and told["scheme"] in ("https", "wss")
        and told["server"][1] == httpx.URL(url).port
        and told["http_version"] in versions
    )
    print(f"{'ok    ' if holds else 'FAILED'} {name}: {told}", flush=True)
    return holds


def check_all(url: str, authority: Authority, *, versions: set[str]) -> list[bool]:
    return [check(name, run, url, authority, versions) for name, run in CHECKS.items()]


def started(folder: pathlib.Path, *options: str) -> ServerProcess:
    (folder / "told.py").write_text(textwrap.dedent(ASGI))
    return ServerProcess("told:application", *options, cwd=folder).start()


def main(program: str, folder: pathlib.Path) -> int:
    authority = Authority(folder / "certificates")
    issued: Issued = authority.issue()
    both = folder / "certificate-and-key.pem"
    both.write_text(issued.pem + issued.key.read_text())
    # HAProxy speaks HTTP/2 with the server; or the client's version stays.
    versions = {"http2": {"2"}, "tcp": {"1.1", "2"}}
    ports = {name: free_port() for name in versions}
    results = []
    cleartext = started(folder, "--http2-cleartext", "--proxy-headers")
    tls = started(folder, *issued.options, "--proxy-protocol")
    documented = Documented()
    documented.replace("bind :443 ssl", f"bind 127.0.0.1:{ports['http2']} ssl")
    documented.replace("bind :443\n", f"bind 127.0.0.1:{ports['tcp']}\n")
    documented.replace("/etc/haproxy/example.org.pem", str(both))
    documented.replace("10.0.0.5:8000", f"127.0.0.1:{cleartext.port}")
    documented.replace("10.0.0.5:8443", f"127.0.0.1:{tls.port}")
    try:
        with haproxy(program, folder, documented.text, ports["tcp"]):
            for name, port in ports.items():
                print(f"--- {name} ---", flush=True)
                url = f"https://localhost:{port}"
                results += check_all(url, authority, versions=versions[name])
    finally:
        for server in (cleartext, tls):
            server.stop()
            print(f"--- log of {server.command[1:]} ---\n{server.log}", flush=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
