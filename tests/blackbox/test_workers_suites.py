"""Suites for one process that must pass with several too: they keep nothing in its memory."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent


@pytest.mark.timeout(630)
@pytest.mark.parametrize(
    ("module", "processes"),
    [
        ("http2_tls", 2),
        ("http_extensions", 2),
        ("http_malformed", 2),
        ("socketio_rooms_model", 4),
        ("stop_streams", 2),
        ("websocket_protocol", 2),
    ],
)
def test_a_suite_passes_with_several_processes(module: str, processes: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"test_{module}.py"],
        cwd=FOLDER,
        env={**os.environ, "SIOSERVE_WORKERS": str(processes)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
