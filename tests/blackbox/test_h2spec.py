"""The conformance test suite h2spec (RFC 7540 and 7541, strict). scripts/setup installs it where Go
is.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest
from support.server import ServerProcess

BUILT = pathlib.Path(__file__).resolve().parents[2] / "build" / "h2spec" / "h2spec"


def h2spec() -> str:
    found = str(BUILT) if BUILT.exists() else shutil.which("h2spec")
    if found is None:
        pytest.skip("h2spec is not installed: scripts/setup needs Go for it")
    return found


@pytest.mark.timeout(300)
def test_h2spec_passes(start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path) -> None:
    command = h2spec()
    server = start_server("plain:application", "--http2-cleartext")
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [
            *(command, "--strict", "--port", str(server.port), "--path", "/echo"),
            *("--timeout", "5", "--junit-report", str(report)),
        ],
        capture_output=True,
        text=True,
        timeout=280,
    )
    summary = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", done.stdout)
    assert summary, done.stdout + done.stderr
    total, passed, skipped, failed = map(int, summary.groups())
    assert failed == 0, done.stdout[done.stdout.index("Failures:") :]
    assert passed + skipped == total
    assert passed > 140
