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
    "module",
    ["http2_tls", "http_extensions", "http_malformed", "stop_streams", "websocket_protocol"],
)
def test_a_suite_passes_with_two_processes(module: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"test_{module}.py"],
        cwd=FOLDER,
        env={**os.environ, "SIOSERVE_WORKERS": "2"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
