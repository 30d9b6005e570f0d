"""The programs of bench/, built for tests: load generators, and the bare server."""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/dev"
PROGRAMS = {
    "BARE_SERVER": BUILD / "bench/bare_server/bare_server",
    "WEB_LOAD": BUILD / "bench/web_load/web_load",
    "SOCKETIO_LOAD": BUILD / "bench/socket_io_load/socketio_load",
}


@functools.cache
def build_load_generators() -> dict[str, str]:
    """The environment variables with their paths. Skips the test if they can't be built."""
    if (os.cpu_count() or 1) < 2:
        pytest.skip("two cores are needed")
    if not (BUILD / "build.ninja").exists() or not shutil.which("cmake"):
        pytest.skip("build/dev is not configured: scripts/setup")
    targets = [path.name for path in PROGRAMS.values()]
    subprocess.run(["cmake", "--build", str(BUILD), "--target", *targets], check=True)
    return {name: str(path) for name, path in PROGRAMS.items()}
