"""The page of npm's @socket.io/admin-ui in a browser, and the server that it shows."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from support.browser import HERE, PATIENCE, run_node
from support.server import ROOT, ServerProcess

PAGE = HERE / "node_modules" / "@socket.io" / "admin-ui" / "ui" / "dist"
APPS = HERE / "apps"

pytestmark = pytest.mark.timeout(PATIENCE + 60)


@pytest.fixture
def foreign_page() -> Iterator[str]:
    """The page's URL on another server."""
    files = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(PAGE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_staff_sees_clients_rooms_and_events_and_disconnects_a_client(
    start_server: Callable[..., ServerProcess], chat_environment: dict[str, str]
) -> None:
    """With a page that sioserve serves, for a project that mounts Socket.IO in its routing."""
    path = os.pathsep.join([str(APPS), os.environ.get("PYTHONPATH", "")])
    server = start_server(
        "staffed_chat:application",
        f"--static=/admin-ui/={PAGE}",
        cwd=ROOT / "sample_project",
        env={**chat_environment, "PYTHONPATH": path},
    )
    seen = run_node("admin.mjs", f"{server.url}/admin-ui/index.html", server.url)
    assert seen["menu"] == ["Dashboard", "Sockets", "Rooms", "Clients", "Events", "Servers"]
    assert {"lobby", "engineering", "music"} <= {room.rpartition(":")[2] for room in seen["rooms"]}
    assert seen["secrets"] is False
    assert seen["bob"] == seen["alice"] == "io server disconnect"
    assert seen["complaints"] == []
    assert "Traceback" not in server.log


def test_numbers_and_charts_on_a_page_of_another_origin(
    start_server: Callable[..., ServerProcess], foreign_page: str
) -> None:
    server = start_server(
        "numbers_only:application",
        f"--socketio-cors-origins={foreign_page}",
        "--socketio-cors-credentials",
        cwd=APPS,
    )
    seen = run_node("admin_numbers.mjs", foreign_page, server.url)
    assert seen["menu"] == ["Dashboard", "Servers"]
    assert seen["complaints"] == []
    assert "Traceback" not in server.log
