"""`manage.py runserver`: its output and behaviour, from the banner to Ctrl-C."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.django_versions import VERSIONS, python_path
from support.raw_http import RawConnection
from support.server import PATIENCE, ServerProcess, environment
from support.waiting import eventually
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

PROJECT = pathlib.Path(__file__).resolve().parents[1] / "apps" / "channels_project"
BANNER = re.compile(
    r"Starting ASGI/sioserve version \S+ development server at http://(\S+):(\d+)/\n"
    r"Quit the server with CONTROL-C\.\n"
)
CLIENT = r"127\.0\.0\.1:\d+"


class RunServer(ServerProcess):
    """A `manage.py runserver` in its own process group, as a terminal starts it."""

    listening = BANNER
    has_own_group = True

    def __init__(self, project: pathlib.Path, *arguments: str, env: dict[str, str]) -> None:
        super().__init__("unused", cwd=project, env=env)
        self.command = [sys.executable, "manage.py", "runserver", *arguments]

    def ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the chat that a test may change."""
    return pathlib.Path(shutil.copytree(PROJECT, tmp_path / "project"))


@pytest.fixture
def runserver(project: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Callable[..., RunServer]]:
    """runserver(*arguments, version=, **env): a running development server on a free port."""
    servers: list[RunServer] = []

    def start(
        *arguments: str, version: str = "5.2", banner: re.Pattern[str] = BANNER, **env: str
    ) -> RunServer:
        if not any(argument[-1].isdigit() for argument in arguments):
            arguments = ("0", *arguments)
        env = {"PYTHONPATH": python_path(version), "CHAT_FOLDER": str(tmp_path), **env}
        server = RunServer(project, *arguments, env=env)
        server.listening = banner
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.kill()


def run_to_end(
    project: pathlib.Path, *arguments: str, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=project,
        env=environment({"CHAT_FOLDER": str(project.parent), **env}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_prints_checks_and_a_banner_and_serves_pages_and_static_files(
    runserver: Callable[..., RunServer], version: str
) -> None:
    server = runserver(version=version)
    checks = server.log.index("System check identified no issues")
    migrations = server.log.index("unapplied migration(s)")
    banner = server.log.index(f"Django version {version}")
    assert checks < migrations < banner
    assert httpx.get(server.url).text == "the chat, version one"
    style = httpx.get(f"{server.url}/static/chat/chat.css")
    assert style.text == "body { color: teal; }\n"


def test_a_line_for_each_request(runserver: Callable[..., RunServer]) -> None:
    server = runserver()
    httpx.get(f"{server.url}/?q=1")
    httpx.get(f"{server.url}/nowhere")
    httpx.get(f"{server.url}/fail/")
    server.wait_for_log(rf"HTTP GET /\?q=1 200 \[\d+\.\d\d, {CLIENT}\]\n")
    server.wait_for_log(rf"HTTP GET /nowhere 404 \[\d+\.\d\d, {CLIENT}\]\n")
    server.wait_for_log("ValueError: failed on purpose")
    server.wait_for_log(rf"HTTP GET /fail/ 500 \[\d+\.\d\d, {CLIENT}\]\n")


def test_a_line_for_requests_that_the_server_answers_itself(
    runserver: Callable[..., RunServer],
) -> None:
    server = runserver()
    with RawConnection(server.port) as connection:
        connection.get("/large", "X: " + "x" * 70_000).read_to_end()
    server.wait_for_log(rf"HTTP GET /large 431 \[\d+\.\d\d, {CLIENT}\]\n")
    with RawConnection(server.port) as connection:
        connection.send(b"nonsense\r\n\r\n").read_to_end()
    server.wait_for_log(rf"HTTP - - 400 \[\d+\.\d\d, {CLIENT}\]\n")


def test_lines_have_djangos_levels_and_colours(
    runserver: Callable[..., RunServer], project: pathlib.Path
) -> None:
    logging_settings = """
LOGGING = {
    "version": 1,
    "formatters": {"own": {"format": "%(levelname)s %(message)s"}},
    "handlers": {"own": {"class": "logging.StreamHandler", "formatter": "own"}},
    "loggers": {"django.channels.server": {"handlers": ["own"], "propagate": False}},
}
"""
    with (project / "mysite" / "settings.py").open("a") as settings:
        settings.write(logging_settings)
    server = runserver("--noreload", "--force-color", DJANGO_COLORS="http_not_found=yellow")
    httpx.get(f"{server.url}/")
    httpx.get(f"{server.url}/nowhere")
    httpx.get(f"{server.url}/fail/")
    server.wait_for_log(r"INFO (\x1b\[0?m)?HTTP GET / 200")
    server.wait_for_log(r"WARNING \x1b\[33mHTTP GET /nowhere 404 \[.*\]\x1b\[0m")
    server.wait_for_log(r"ERROR (\x1b\[0?m)?HTTP GET /fail/ 500")


def test_a_line_for_each_step_of_a_websocket(runserver: Callable[..., RunServer]) -> None:
    server = runserver()
    with connect(f"{server.websocket_url}/ws/chat/one/", origin=server.url, proxy=None):
        server.wait_for_log(rf"WebSocket HANDSHAKING /ws/chat/one/ \[{CLIENT}\]\n")
        server.wait_for_log(rf"WebSocket CONNECT /ws/chat/one/ \[{CLIENT}\]\n")
    server.wait_for_log(rf"WebSocket DISCONNECT /ws/chat/one/ \[{CLIENT}\]\n")
    with pytest.raises(InvalidStatus):
        connect(f"{server.websocket_url}/ws/chat/closed/", origin=server.url, proxy=None)
    server.wait_for_log(
        rf"WebSocket REJECT /ws/chat/closed/ \[{CLIENT}\]\n"
        rf"WebSocket DISCONNECT /ws/chat/closed/ \[{CLIENT}\]\n"
    )
    with pytest.raises(InvalidStatus):
        connect(f"{server.websocket_url}/ws/%0Aforged", origin=server.url, proxy=None)
    server.wait_for_log(rf"WebSocket HANDSHAKING /ws/%0Aforged \[{CLIENT}\]\n")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_changed_file_is_reloaded(
    runserver: Callable[..., RunServer], project: pathlib.Path, version: str
) -> None:
    server = runserver(f"127.0.0.1:{free_port()}", version=version)
    with connect(f"{server.websocket_url}/ws/chat/one/", origin=server.url, proxy=None) as client:
        change(project / "chat" / "views.py", "version one", "version two", server)
        with pytest.raises(Exception, match="1012"):
            client.recv(timeout=PATIENCE)
    eventually(lambda: text(server.url) == "the chat, version two", seconds=PATIENCE)
    eventually(lambda: len(BANNER.findall(server.log)) == 2)


def test_it_recovers_after_a_syntax_error_is_fixed(
    runserver: Callable[..., RunServer], project: pathlib.Path
) -> None:
    server = runserver(f"127.0.0.1:{free_port()}")
    asgi = project / "mysite" / "asgi.py"
    change(asgi, "from chat.consumers import", "from chat.missing import", server)
    server.wait_for_log("No module named 'chat.missing'")
    change(asgi, "from chat.missing import", "from chat.consumers import", server)
    eventually(lambda: text(server.url) == "the chat, version one", seconds=PATIENCE)


@pytest.mark.parametrize("reload", [(), ("--noreload",)], ids=["reload", "noreload"])
@pytest.mark.parametrize("path", ["/", "/slow/", "/stuck/"])
def test_ctrl_c_stops_it_immediately(
    runserver: Callable[..., RunServer], reload: tuple[str, ...], path: str
) -> None:
    server = runserver(*reload)
    with RawConnection(server.port) as connection:
        connection.get(path)
        if path == "/":
            connection.read_response()
        else:
            # After a later request is answered, this request has reached the view.
            httpx.get(server.url)
        began = time.monotonic()
        server.ctrl_c()
        assert server.wait() == 0
        # Otherwise the view would take a minute.
        assert time.monotonic() - began < 30
    assert "Traceback" not in server.log
    server.assert_no_sanitizer_report()


@pytest.mark.parametrize("reload", [(), ("--noreload",)], ids=["reload", "noreload"])
def test_ctrl_c_interrupts_a_view_that_blocks_the_event_loop(
    runserver: Callable[..., RunServer], reload: tuple[str, ...]
) -> None:
    server = runserver(*reload)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server.url}/blocked/", timeout=0.5)
    began = time.monotonic()
    server.ctrl_c()
    server.wait()
    assert time.monotonic() - began < 30


def test_sigterm_stops_it_cleanly(runserver: Callable[..., RunServer]) -> None:
    server = runserver("--noreload")
    server.stop(signal.SIGTERM)
    assert "Traceback" not in server.log


@pytest.mark.parametrize("reload", [(), ("--noreload",)], ids=["reload", "noreload"])
def test_a_port_in_use(project: pathlib.Path, reload: tuple[str, ...]) -> None:
    with ListeningSocket() as port:
        result = run_to_end(project, "runserver", str(port), *reload)
    assert result.returncode == 1
    assert f"Error: address 127.0.0.1:{port} is already in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_the_setting_asgi_application_it_serves_django(
    runserver: Callable[..., RunServer], project: pathlib.Path
) -> None:
    change(project / "mysite" / "settings.py", "ASGI_APPLICATION", "OTHER_APPLICATION")
    server = runserver("--noreload")
    assert text(server.url) == "the chat, version one"
    assert server.log.count("ASGI_APPLICATION is not set") == 1


def test_noasgi_is_django_s_own_server_with_static_files(
    runserver: Callable[..., RunServer],
) -> None:
    banner = re.compile(r"Starting development server at http://(\S+):(\d+)/")
    server = runserver(str(free_port()), "--noasgi", "--noreload", banner=banner)
    assert httpx.get(server.url).headers["server"].startswith("WSGIServer")
    assert httpx.get(f"{server.url}/static/chat/chat.css").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "debug", "status"),
    [((), "1", 200), (("--nostatic",), "1", 404), ((), "0", 404), (("--insecure",), "0", 200)],
)
def test_when_static_files_are_served(
    runserver: Callable[..., RunServer], arguments: tuple[str, ...], debug: str, status: int
) -> None:
    server = runserver("--noreload", *arguments, DEBUG=debug)
    assert httpx.get(f"{server.url}/static/chat/chat.css").status_code == status


def test_force_script_name(runserver: Callable[..., RunServer], project: pathlib.Path) -> None:
    change(project / "mysite" / "settings.py", "USE_TZ", 'FORCE_SCRIPT_NAME = "/site"\nUSE_TZ')
    server = runserver("--noreload")
    assert httpx.get(f"{server.url}/site/prefix/").text == f"{server.url}/here"


def test_ipv6(runserver: Callable[..., RunServer]) -> None:
    server = runserver("--ipv6", "--noreload")
    assert server.host == "[::1]"
    assert httpx.get(server.url).status_code == 200


@pytest.mark.parametrize("mount", ["native", "routed"])
def test_socketio(runserver: Callable[..., RunServer], project: pathlib.Path, mount: str) -> None:
    if mount == "native":
        (project / "chat" / "sockets.py").write_text(
            "import sio\n\n\n"
            '@sio.on("connect")\n'
            "async def connect(socket, auth):\n"
            "    return True\n"
        )
    else:
        (project / "mysite" / "routed.py").write_text(
            "import sio\nfrom channels.routing import URLRouter\n"
            "from django.urls import re_path\n\n"
            "from mysite.asgi import application as others\n\n\n"
            "class Consumer(sio.SocketIOConsumer):\n"
            "    async def connect(self, socket, auth):\n"
            "        return True\n\n\n"
            're_path_ = re_path(r"^socket.io/$", Consumer.as_asgi())\n'
            're_rest = re_path(r"", others)\n'
            "application = URLRouter([re_path_, re_rest])\n"
        )
        change(project / "mysite" / "settings.py", "mysite.asgi.app", "mysite.routed.app")
    server = runserver("--noreload")
    poll = f"{server.url}/socket.io/?EIO=4&transport=polling"
    opened = json.loads(httpx.get(poll).text[1:])
    server.wait_for_log(r"HTTP GET /socket\.io/\?EIO=4&transport=polling 200")
    session = f"{poll}&sid={opened['sid']}"
    assert httpx.post(session, content="40").text == "ok"
    assert httpx.get(session).text.startswith('40{"sid":')


def free_port() -> int:
    with ListeningSocket() as port:
        return port


class ListeningSocket:
    """The port of a socket that listens until the end of the block."""

    def __enter__(self) -> int:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        port: int = self._socket.getsockname()[1]
        return port

    def __exit__(self, *exc_info: object) -> None:
        self._socket.close()


def change(path: pathlib.Path, old: str, new: str, server: RunServer | None = None) -> None:
    """Edits a file; returns when the server, if there is one, has noticed."""
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))
    if server is None:
        return
    start = len(server.log)

    def noticed() -> bool:
        # Newer each time: the reloader may not have checked the file for the first time yet.
        later = max(time.time(), path.stat().st_mtime) + 1
        os.utime(path, (later, later))
        return f"{path.name} changed, reloading" in server.log[start:]

    eventually(noticed, seconds=PATIENCE)


def text(url: str) -> str | None:
    try:
        return httpx.get(url).text
    except httpx.TransportError:
        return None
