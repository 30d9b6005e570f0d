"""Checks an installed sioserve: HTTP, WebSocket, Socket.IO, its JavaScript client, TLS, runserver,
and the end of an interpreter with threads that wait.

python smoke.py, with the Python of the environment; needs Django and python-socketio[client].
Prints one line for each step. The exit code is 1 if one has failed. scripts/check_wheels runs it.
"""

from __future__ import annotations

import contextlib
import pathlib
import platform
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import traceback
import urllib.request
from collections.abc import Callable, Iterator, Sequence

import websocket

import socketio

SITE = pathlib.Path(__file__).with_name("site")
COMMAND = str(pathlib.Path(sys.executable).with_name("sioserve"))
PATIENCE = 60.0  # seconds
ENDS = 30  # a crash at the end of the interpreter does not happen each time


class Server:
    """A running command, and what it has written."""

    def __init__(self, command: Sequence[str], listening: str) -> None:
        self.process = subprocess.Popen(
            command, cwd=SITE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.log = ""
        self._changed = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._wait_for(listening)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.log += line
                self._changed.notify()
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _wait_for(self, pattern: str) -> str:
        with self._changed:
            self._changed.wait_for(lambda: re.search(pattern, self.log) or self._ended, PATIENCE)
        match = re.search(pattern, self.log)
        if match is None:
            self.process.kill()
            raise AssertionError(f"{self.process.args} does not listen:\n{self.log}")
        return match[1]


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[Server]:
    """The command; it must stop with exit code 0."""
    server = Server(
        [COMMAND, "smoke_asgi:application", "--port", "0", *arguments],
        r"Listening on (https?://\S+)",
    )
    try:
        yield server
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(PATIENCE)
        assert code == 0, f"exit code {code}:\n{server.log}"
        assert "Traceback" not in server.log, server.log
    finally:
        server.process.kill()


def get(url: str, context: ssl.SSLContext | None = None) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE, context=context) as response:
        return response.read().decode()


def check_version() -> None:
    shown = subprocess.run([COMMAND, "--version"], check=True, capture_output=True, text=True)
    assert shown.stdout.startswith("sioserve "), shown
    assert not shown.stderr, shown.stderr


def check_http() -> None:
    with serving() as server:
        assert get(server.url).startswith("hello from Django "), server.log


def check_workers() -> None:
    with serving("--workers", "2") as server:
        assert get(server.url).startswith("hello from Django "), server.log


def check_websocket() -> None:
    with serving() as server:
        connection = websocket.create_connection("ws" + server.url.removeprefix("http"))
        connection.send("text")
        assert connection.recv() == "text"
        connection.close()


def check_socketio() -> None:
    with serving() as server:
        for transport in ("polling", "websocket"):
            with socketio.SimpleClient() as client:
                client.connect(server.url, transports=[transport])
                answer = client.call("double", 21, timeout=int(PATIENCE))
                assert answer == 42, answer


def check_javascript_client() -> None:
    with serving() as server:
        for name in ("socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"):
            assert "Socket.IO" in get(f"{server.url}/socket.io/{name}")[:200], name


def check_runserver() -> None:
    command = [sys.executable, "-m", "django", "runserver", "127.0.0.1:0", "--noreload"]
    server = Server(
        [*command, "--settings=smoke_settings", f"--pythonpath={SITE}"],
        r"sioserve version \S+ development server at (http://\S+?)/?\s",
    )
    try:
        assert get(server.url).startswith("hello from Django "), server.log
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0, server.log
    finally:
        server.process.kill()


def check_pages() -> None:
    help_text = subprocess.run([COMMAND, "--help"], check=True, capture_output=True, text=True)
    folder = pathlib.Path(help_text.stdout.splitlines()[-1].rpartition(": ")[2])
    assert (folder / "tls.md").is_file(), folder
    assert folder.is_relative_to(sys.prefix), folder


def check_tls() -> None:
    help_text = subprocess.run([COMMAND, "--help"], check=True, capture_output=True, text=True)
    if "--ssl-certfile" not in help_text.stdout:
        raise LeftOut("this version has no TLS")
    if shutil.which("openssl") is None:
        raise LeftOut("there is no openssl to make a certificate")
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = f"{folder}/certificate.pem", f"{folder}/key.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-out", certificate, "-keyout", key),
            ],
            check=True,
            capture_output=True,
        )
        trusting = ssl.create_default_context(cafile=certificate)
        with serving("--ssl-certfile", certificate, "--ssl-keyfile", key) as server:
            assert server.url.startswith("https://"), server.url
            assert get(server.url, trusting).startswith("hello from Django ")


def check_threads_at_exit() -> None:
    for waiting_in in ("application", "commands"):
        for _ in range(ENDS):
            command = [sys.executable, str(SITE / "threads_at_exit.py"), waiting_in]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
            assert ended.returncode == 0, f"{waiting_in}: {ended.returncode}\n{ended.stderr}"


class LeftOut(Exception):
    """Why a step can't be made."""


STEPS: dict[str, Callable[[], None]] = {
    "version": check_version,
    "HTTP": check_http,
    "two workers": check_workers,
    "WebSocket": check_websocket,
    "Socket.IO": check_socketio,
    "JavaScript client": check_javascript_client,
    "runserver": check_runserver,
    "pages that messages name": check_pages,
    "TLS": check_tls,
    "threads that wait for the GIL at the end": check_threads_at_exit,
}


def main() -> int:
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)
    print(f"Python {platform.python_version()}{'' if has_gil() else ', free-threaded'}")
    failed = 0
    for name, step in STEPS.items():
        try:
            step()
            print(f"  ok       {name}", flush=True)
        except LeftOut as why:
            print(f"  left out {name}: {why}", flush=True)
        except Exception:
            failed += 1
            print(f"  FAILED   {name}\n{traceback.format_exc()}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
