"""systemd socket activation: with systemd's own tool, and without it for other cases."""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import sys
import threading
from collections.abc import Callable

import httpx
import pytest
from support.server import ServerProcess
from support.waiting import eventually

# Runs the command as systemd runs a service: the sockets given are descriptors 3, 4, ...
ACTIVATE = """
import os, sys
fds, pid, command = sys.argv[1].split(","), sys.argv[2], sys.argv[3:]
copies = [os.dup2(int(fd), 100 + i) for i, fd in enumerate(fds)]
for fd in fds:
    os.close(int(fd))
for i, fd in enumerate(copies):
    os.dup2(fd, 3 + i)
    os.close(fd)
os.environ.update(LISTEN_PID=pid or str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES="x")
os.execv(command[0], command)
"""


def activated_by(*sockets: socket.socket, pid: str = "") -> dict[str, object]:
    fds = [listening.fileno() for listening in sockets]
    numbers = ",".join(map(str, fds))
    return {"prefix": [sys.executable, "-c", ACTIVATE, numbers, pid], "pass_fds": fds}


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed")
def test_started_by_systemd_at_the_first_connection(tmp_path: pathlib.Path, free_port: int) -> None:
    path = tmp_path / "app.sock"
    activate = ["systemd-socket-activate", "-l", str(path), "-l", f"127.0.0.1:{free_port}"]
    # The tool passes on only the environment variables that it is told to.
    kept = [f"--setenv={name}" for name in os.environ]
    prefix = [*activate, *kept, "--setenv=VIRTUAL_ENV", "--setenv=PYTHONUNBUFFERED"]
    server = ServerProcess("environment:application", listen=[], prefix=prefix)

    def ask() -> httpx.Response:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            return client.get("http://name/")

    answers: list[httpx.Response] = []

    def first_client() -> None:
        eventually(path.exists)
        answers.append(ask())

    client = threading.Thread(target=first_client)
    client.start()
    server.start()  # returns when the first connection has started it
    client.join(60)
    assert answers[0].json()["server"] == [str(path), None]
    over_tcp = httpx.get(f"http://127.0.0.1:{free_port}/").json()
    assert over_tcp["server"] == ["127.0.0.1", free_port]
    assert not [name for name in over_tcp["environment"] if name.startswith("LISTEN_")]
    server.stop()
    assert path.exists(), "it belongs to systemd"


def test_serves_only_the_sockets_of_an_activation(
    start_server: Callable[..., ServerProcess],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as two:
        ports = [listening.getsockname()[1] for listening in (one, two)]
        options = activated_by(one, two)
        server = start_server("environment:application", listen=[], **options)
        for port in ports:
            answer = httpx.get(f"http://127.0.0.1:{port}/").json()
            assert not [name for name in answer["environment"] if name.startswith("LISTEN_")]
        assert server.log.count("Listening on") == 2
        # Children of the application have no listening sockets.
        assert "socket:" not in answer["files_of_a_child"], answer["files_of_a_child"]


def test_a_bind_option_adds_to_an_activation(start_server: Callable[..., ServerProcess]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        options = activated_by(listening)
        server = start_server("environment:application", listen=["--port", "0"], **options)
        server.wait_for_log(f"Listening on http://127.0.0.1:{listening.getsockname()[1]}")
        assert httpx.get(server.url).status_code == 200


def test_an_activation_for_another_process_is_ignored(
    start_server: Callable[..., ServerProcess],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        options = activated_by(listening, pid="1")
        server = start_server("environment:application", listen=["--port", "0"], **options)
        answer = httpx.get(server.url).json()
        assert server.log.count("Listening on") == 1
        assert not [name for name in answer["environment"] if name.startswith("LISTEN_")]
