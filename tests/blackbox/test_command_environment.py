"""The command uses the virtual environment, as an executable that embeds Python and as a script."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import httpx
import pytest
from support.server import APPS, ServerProcess, executable


@pytest.fixture(scope="module")
def about(plain_server: ServerProcess) -> dict[str, Any]:
    return httpx.get(plain_server.url + "/process").json()


def test_the_interpreter_is_the_environments(about: dict[str, Any]) -> None:
    assert pathlib.Path(about["executable"]).parent == pathlib.Path(sys.prefix, "bin")
    assert pathlib.Path(about["executable"]).name.startswith("python")
    assert about["prefix"] == sys.prefix


@pytest.mark.parametrize("part", ["command", "environment"])
def test_a_path_with_dots_makes_no_difference(part: str) -> None:
    """Python 3.14 warns twice if the prefix is not written as os.path.abspath() does."""
    env = {"VIRTUAL_ENV": f"{sys.prefix}/bin/.."} if part == "environment" else None
    server = ServerProcess("plain:application", env=env)
    if part == "command":
        folder, name = pathlib.Path(executable()).parent, pathlib.Path(executable()).name
        server.command = [f"{folder}/../{folder.name}/./{name}", *server.command[1:]]
    server.start()
    about = httpx.get(server.url + "/process").json()
    server.stop()
    assert pathlib.Path(about["executable"]).parent == pathlib.Path(sys.prefix, "bin")
    assert (about["prefix"], ".." in about["executable"]) == (sys.prefix, False)
    assert "Warning" not in server.log


def test_the_process_has_the_name_of_the_command(plain_server: ServerProcess) -> None:
    name = pathlib.Path(f"/proc/{plain_server.process.pid}/comm").read_text()
    assert name == "sioserve\n"


def test_the_working_directory_comes_first_in_the_path(about: dict[str, Any]) -> None:
    assert pathlib.Path(about["path"]).resolve() == APPS.resolve()
    assert about["cwd"] == str(APPS)


def test_pythonpath_is_honoured(start_server, tmp_path: pathlib.Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "elsewhere.py").write_text("from no_lifespan import application\n")
    server = start_server("elsewhere:application", env={"PYTHONPATH": str(tmp_path)})
    assert httpx.get(server.url).text == "no lifespan"


@pytest.fixture(scope="module")
def children() -> Any:
    server = ServerProcess("children:application").start()
    yield server
    server.stop()


def test_subprocess(children: ServerProcess) -> None:
    assert httpx.get(children.url + "/subprocess", timeout=60).json() == sys.prefix


def test_asyncio_subprocess(children: ServerProcess) -> None:
    assert httpx.get(children.url + "/asyncio", timeout=60).json() == "from asyncio"


def test_multiprocessing_by_spawn(children: ServerProcess) -> None:
    assert httpx.get(children.url + "/multiprocessing", timeout=60).json() == [1, 4, 9]
