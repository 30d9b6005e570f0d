"""Handlers run in order if the application has set an eager task factory."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
# Tests that depend most on the order of tasks, for Python versions without such a factory.
SOME = (
    "consumers",
    "middleware",
    "dynamic_namespaces",
    "listeners",
    "handler_ends",
    "handler_turns",
    "client",
)
# Tests of other parts, and tests that run in separate processes.
OTHERS = ("typing", "django", "database", "eager_tasks", "packets", "encoding", "reference")


def run(paths: list[pathlib.Path]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "support.eager_tasks"]
    command += ["-p", "no:cacheprovider", *map(str, paths)]
    tests = HERE.parent
    # pytest imports the plugin before it has read the path of the tests' modules.
    path = os.pathsep.join(filter(None, (str(tests), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command,
        cwd=tests.parent,
        env={**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="asyncio.eager_task_factory comes with Python 3.12"
)
def test_with_pythons_own_factory() -> None:
    others = {f"test_sio_{name}.py" for name in OTHERS}
    run([path for path in sorted(HERE.glob("test_sio_*.py")) if path.name not in others])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python has a factory of its own")
def test_with_an_emulated_factory() -> None:
    run([HERE / f"test_sio_{name}.py" for name in SOME])
