"""The configurations of nginx and HAProxy in docs/scaling.md, in front of two servers."""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence

import pytest
from support.cluster import start_member
from support.nginx import CONFIGURATION
from support.ports import free_port
from support.redis_server import RedisServer
from support.server import ROOT, ServerProcess
from support.waiting import eventually
from support.wandering import WanderingSession

import socketio

PATHS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
FORWARDING = ("--cluster-listen=127.0.0.1:0", "--cluster-secret=a secret of these tests")
CLIENTS = 8


def documented(language: str, port: int, servers: Sequence[ServerProcess]) -> str:
    """The block, with the ports of this test."""
    (block,) = re.findall(
        rf"```{language}\n(.*?)```", (ROOT / "docs" / "scaling.md").read_text(), re.DOTALL
    )
    return replaced(
        block,
        {
            "10.0.0.11:8000": f"127.0.0.1:{servers[0].port}",
            "10.0.0.12:8000": f"127.0.0.1:{servers[1].port}",
            "listen 80;" if language == "nginx" else "bind :80": (
                f"listen 127.0.0.1:{port};" if language == "nginx" else f"bind 127.0.0.1:{port}"
            ),
        },
    )


def replaced(text: str, changes: dict[str, str]) -> str:
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module", params=["forwarding", "sticky"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def servers(way: str, redis_server: RedisServer) -> Iterator[list[ServerProcess]]:
    options = FORWARDING if way == "forwarding" else ()
    started = [start_member(redis_server.url, "--proxy-headers", *options) for _ in range(2)]
    yield started
    for server in started:
        server.stop()


@pytest.fixture(params=["nginx", "haproxy"])
def url(
    request: pytest.FixtureRequest, way: str, servers: list[ServerProcess], tmp_path: pathlib.Path
) -> Iterator[str]:
    program = shutil.which(request.param, path=PATHS)
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    port = free_port()
    block = documented(request.param, port, servers)
    file = tmp_path / "configuration"
    if request.param == "nginx":
        if way == "sticky":
            block = replaced(block, {"# ip_hash;": "ip_hash;"})
        user = "user root root;" if os.geteuid() == 0 else ""  # who can read the test's folder
        file.write_text(CONFIGURATION.format(user=user, folder=tmp_path, servers=block))
        command = [program, "-c", str(file), "-p", str(tmp_path)]
    else:
        if way == "sticky":
            block = replaced(block, {"balance roundrobin": "balance source"})
        file.write_text(block)
        command = [program, "-f", str(file)]
    with subprocess.Popen(command) as balancer:

        def is_listening() -> bool:
            assert balancer.poll() is None
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        try:
            eventually(is_listening)
            yield f"http://127.0.0.1:{port}"
        finally:
            balancer.terminate()


@pytest.mark.parametrize(
    "transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids="-".join
)
async def test_clients_behind_a_load_balancer(
    url: str, way: str, servers: list[ServerProcess], transports: list[str]
) -> None:
    if way == "forwarding":
        async with WanderingSession(*servers), WanderingSession(*reversed(servers)):
            pass  # the servers know each other
    clients = [socketio.AsyncClient(reconnection=False) for _ in range(CLIENTS)]
    try:
        await asyncio.gather(*(one.connect(url, transports=transports) for one in clients))
        asked = [one.call("do", {"what": "count"}) for one in clients for _ in range(5)]
        assert await asyncio.gather(*asked) == [2] * 5 * CLIENTS
        assert {one.transport() for one in clients} == {transports[-1]}
        if way == "forwarding":
            # The end of a sid names the server of the session.
            assert len({client.eio.sid[-8:] for client in clients}) == 2
    finally:
        for client in clients:
            await client.disconnect()
