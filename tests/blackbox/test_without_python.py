"""The native parts of the server keep working while one thread holds the GIL."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from support.raw_http import RawConnection
from support.server import ServerProcess
from support.waiting import eventually


def test_files_are_served_and_logged_while_the_gil_is_held(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    (tmp_path / "a.txt").write_text("content")
    log, end = tmp_path / "access.log", tmp_path / "end"
    server = start_server(
        "greedy:application", "--static", f"/static/={tmp_path}", "--access-log", str(log)
    )
    with RawConnection(server.port) as greedy, RawConnection(server.port) as connection:
        greedy.get(f"/?until={end}")
        server.wait_for_log("greedy request began")
        try:
            assert connection.get("/static/a.txt").read_response().body == b"content"
            eventually(lambda: '"GET /static/a.txt" 200' in log.read_text())
            # The GIL is still held: the other request has not been answered.
            assert not greedy.buffer
        finally:
            end.touch()
        assert greedy.read_response().body == b"done"
