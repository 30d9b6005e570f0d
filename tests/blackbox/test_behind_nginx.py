"""The nginx configuration of docs/deployment.md, unchanged."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.certificates import Authority
from support.nginx import CONFIGURATION
from support.ports import free_port
from support.raw_http import RawConnection
from support.server import ROOT, ServerProcess
from support.waiting import eventually
from websockets.asyncio.client import connect

import socketio

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")


def documented(folder: pathlib.Path, port: int) -> str:
    """The documented block, without TLS, with a port and paths of this test."""
    text = (ROOT / "docs" / "deployment.md").read_text()
    (block,) = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    for before, after in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("unix:/run/project/app.sock", f"unix:{folder}/app.sock"),
        ("/srv/project/static/", f"{folder}/static/"),
    ):
        assert before in block
        block = block.replace(before, after)
    return block


def user() -> str:
    """The worker user: root's workers would run as nobody, who can't access the test's folder."""
    return "user root root;" if os.geteuid() == 0 else ""


@contextlib.contextmanager
def nginx_in(folder: pathlib.Path, port: int, servers: str) -> Iterator[None]:
    """nginx, which listens on the port."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    (folder / "static").mkdir()
    (folder / "static" / "a.css").write_text("from nginx")
    (folder / "nginx.conf").write_text(
        CONFIGURATION.format(user=user(), folder=folder, servers=servers)
    )
    with subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-p", folder]) as nginx:

        def listening() -> bool:
            assert nginx.poll() is None
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        try:
            eventually(listening)
            yield
        finally:
            nginx.terminate()


@pytest.fixture
def server(tmp_path: pathlib.Path, start_server: Callable[..., ServerProcess]) -> None:
    start_server(
        "endpoints:application", "--proxy-headers", listen=["-u", str(tmp_path / "app.sock")]
    )


@pytest.fixture
def port(tmp_path: pathlib.Path, server: None) -> Iterator[int]:
    """The port of nginx, with the server behind it."""
    number = free_port()
    with nginx_in(tmp_path, number, documented(tmp_path, number)):
        yield number


def test_http2_with_tls(tmp_path: pathlib.Path, server: None) -> None:
    number = free_port()
    authority = Authority(tmp_path / "certificates")
    issued = authority.issue()
    servers = documented(tmp_path, number).replace(
        f"listen 127.0.0.1:{number};",
        f"listen 127.0.0.1:{number} ssl http2;\n"
        f"    ssl_certificate {issued.certificate}; ssl_certificate_key {issued.key};",
    )
    with (
        nginx_in(tmp_path, number, servers),
        httpx.Client(http2=True, verify=authority.client_context()) as client,
    ):
        answer = client.get(f"https://localhost:{number}/")
        assert answer.http_version == "HTTP/2"
        assert answer.json()["scheme"] == "https"
        assert answer.json()["server"] == ["localhost", number]
        assert answer.json()["host"] == [f"localhost:{number}"]


def test_requests_and_static_files(port: int) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=6.6.6.6",
    }
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=forged) as client:
        told = [client.get("/").json() for _ in range(3)]
        assert client.get("/static/a.css").text == "from nginx"
    for answer in told:
        assert answer["client"][0] == "127.0.0.1"
        assert answer["scheme"] == "http"
        assert answer["server"] == ["127.0.0.1", port]
        assert answer["host"] == [f"127.0.0.1:{port}"]


async def test_a_websocket(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as websocket:
        told = json.loads(await websocket.recv())
    assert (told["client"][0], told["scheme"]) == ("127.0.0.1", "ws")


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
async def test_socketio(port: int, transports: list[str]) -> None:
    client = socketio.AsyncClient()
    await client.connect(f"http://127.0.0.1:{port}", transports=transports)
    told = await client.call("who")
    assert told["client"][0] == "127.0.0.1"
    await client.disconnect()


def test_a_connection_of_the_proxy_is_used_again(port: int) -> None:
    # The proxy's second request on a connection must not be parsed as a part of the first one.
    with RawConnection(port) as connection:
        for _ in range(3):
            assert connection.get("/").read_response().status == 200
