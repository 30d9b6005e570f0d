"""The Python that the executable embeds uses the virtual environment."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import httpx
import pytest
from support.server import APPS, ServerProcess


@pytest.fixture(scope="module")
def about(plain_server: ServerProcess) -> dict[str, Any]:
    return httpx.get(plain_server.url + "/process").json()


def test_the_interpreter_is_the_environments(about: dict[str, Any]) -> None:
    assert pathlib.Path(about["executable"]).parent == pathlib.Path(sys.prefix, "bin")
    assert pathlib.Path(about["executable"]).name.startswith("python")
    assert about["prefix"] == sys.prefix


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
