"""What a person sees in a terminal: the line at the start, and colours."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import subprocess

import django
import pytest
from support.server import PATIENCE, ServerProcess, environment, executable

PROJECT = """
from django.conf import settings
from django.core.asgi import get_asgi_application
settings.configure(ROOT_URLCONF="project", SECRET_KEY="key")
urlpatterns = []
application = get_asgi_application()
"""
PLAIN = """
async def application(scope, receive, send):
    pass
"""
FAILING = """
async def application(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "not today"})
"""
YELLOW = "\x1b[33m"


@pytest.mark.parametrize(
    ("arguments", "processes"), [((), ""), (("--workers", "2"), "2 Python processes, ")]
)
def test_the_first_line_says_what_serves_what(
    tmp_path: pathlib.Path, arguments: tuple[str, ...], processes: str
) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    server = ServerProcess(
        "project:application", "--loop", "asyncio", *arguments, cwd=tmp_path
    ).start()
    try:
        versions = f"Python {platform.python_version()}, Django {django.__version__}"
        server.wait_for_log(
            rf"sioserve \S+ serves project:application: {versions}, {processes}asyncio\n"
        )
        server.wait_for_log(r"Requests to Django: sioserve's handler; \d+ threads")
    finally:
        server.stop()


def test_the_first_line_names_django_only_for_its_applications(tmp_path: pathlib.Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN)
    server = ServerProcess("plain:application", "--workers", "1", cwd=tmp_path).start()
    try:
        line = server.wait_for_log(r"sioserve \S+ serves .*\n")
        assert "Django" not in line[0]
    finally:
        server.stop()


def on_a_terminal(folder: pathlib.Path, **env: str) -> str:
    """What the command writes to a terminal: a warning, and why it can't start."""
    (folder / "failing.py").write_text(FAILING)
    terminal, other_end = os.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as output:
        command = subprocess.Popen(
            [executable(), "failing:application", "--port", "0"],
            cwd=folder,
            env=environment({"SIOSERVE_NO_SUCH_OPTION": "1", **env}),
            stdout=other_end,
            stderr=other_end,
        )
        os.close(other_end)
        written = b""
        try:
            while part := output.read(4096):
                written += part
        except OSError:  # EIO: the command has ended
            pass
        assert command.wait(PATIENCE) == 3
    return written.decode()


def test_warnings_are_coloured_on_a_terminal(tmp_path: pathlib.Path) -> None:
    assert re.search(rf"{re.escape(YELLOW)}.*SIOSERVE_NO_SUCH_OPTION", on_a_terminal(tmp_path))


def test_no_color_is_respected(tmp_path: pathlib.Path) -> None:
    written = on_a_terminal(tmp_path, NO_COLOR="1")
    assert "SIOSERVE_NO_SUCH_OPTION" in written
    assert "\x1b" not in written
