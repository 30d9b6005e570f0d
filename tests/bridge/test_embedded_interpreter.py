"""The interpreter inside of the executable `sioserve`."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
from support.server import ServerProcess, executable

# Says which interpreter there is, and does not start.
ASK = """
import _sioserve
print("inside:", repr(_sioserve.embedded_python_file), flush=True)
async def application(scope, receive, send):
    raise SystemExit(0)
"""


@pytest.fixture(scope="module")
def python_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """_sioserve.embedded_python_file of the executable."""
    folder = tmp_path_factory.mktemp("ask")
    (folder / "ask.py").write_text(ASK)
    asked = subprocess.run(
        [executable(), "ask:application", "--port", "0"],
        cwd=folder,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        capture_output=True,
        text=True,
        timeout=60,
    )
    inside = [line for line in asked.stdout.splitlines() if line.startswith("inside: ")]
    assert inside, asked.stderr
    found: str = inside[0].partition(": ")[2].strip("'")
    return found


def exported(program: str | pathlib.Path) -> set[str]:
    """The names that modules find in the program."""
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", os.path.realpath(program)],
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.split()[-1].partition("@")[0] for line in listed.stdout.splitlines()}


def test_modules_find_all_of_the_interpreter(python_file: str) -> None:
    if not python_file:
        pytest.skip("the interpreter is in a shared library, or the command a script")
    of_python = {
        name
        for name in exported(getattr(sys, "_base_executable", sys.executable))
        if name.startswith(("Py", "_Py"))
    }
    assert len(of_python) > 1000
    assert of_python <= exported(executable())


def test_modules_find_no_library_of_the_server(python_file: str) -> None:
    """They may have copies of the same libraries inside."""
    if not python_file:
        pytest.skip("the interpreter is in a shared library, or the command a script")
    prefixes = ("llhttp_", "uv_", "SSL_", "nghttp2_", "redis", "wslay_")
    assert not [name for name in exported(executable()) if name.startswith(prefixes)]


def test_an_update_of_python_is_told(python_file: str, tmp_path: pathlib.Path) -> None:
    """As if the program python3 were another one than when the executable was built."""
    if not python_file:
        pytest.skip("the interpreter is in a shared library, or the command a script")
    (tmp_path / "sitecustomize.py").write_text(
        "import _sioserve\n_sioserve.embedded_python_file = '1 1 1'\n"
    )
    server = ServerProcess("plain:application", env={"PYTHONPATH": search_path(tmp_path)}).start()
    server.stop()
    assert "Python has changed since sioserve was built with Python " in server.log
    assert "docs/installation.md#updates-of-python" in server.log


def test_without_an_update_nothing_is_told() -> None:
    server = ServerProcess("plain:application").start()
    server.stop()
    assert "Python has changed" not in server.log


def search_path(folder: pathlib.Path) -> str:
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
