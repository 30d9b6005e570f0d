"""The sample project's own tests, which show how a project tests its Socket.IO handlers."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from support.django_versions import python_path
from support.server import environment

PROJECT = pathlib.Path(__file__).resolve().parents[2] / "sample_project"


def test_the_tests_of_the_sample_project() -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "test"],
        cwd=PROJECT,
        env=environment({"PYTHONPATH": python_path("5.2")}),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    assert "Ran 5 tests" in result.stderr
