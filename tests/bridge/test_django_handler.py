"""The handlers for Django projects; their tests are in tests/django_handler, for each version."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
from support.django_versions import ROOT, VERSIONS, python_path

FOLDER = ROOT / "tests" / "django_handler"


@pytest.mark.parametrize("handler", ["auto", "direct", "stock"])
@pytest.mark.parametrize("version", VERSIONS)
def test_handler(version: str, handler: str, tmp_path: pathlib.Path) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": python_path(version),
        "HANDLER": handler,
        "HANDLER_TESTS_FOLDER": str(tmp_path),
    }
    # pytest-django would forbid the use of the database.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, str(FOLDER)], env=env, capture_output=True, text=True, timeout=100, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
