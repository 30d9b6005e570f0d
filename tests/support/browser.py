"""Runs the scripts of tests/browser, which drive a browser."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

from support.server import ROOT

HERE = ROOT / "tests" / "browser"
PATIENCE = 150  # seconds for a whole script; each of its steps has its own limit
ASKED = "ask: "  # begins the lines of ask() in browser.mjs


def run_node(
    script: str, *arguments: str, during: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """The observations of the script. If the script fails, the test fails with its report.

    When the script calls `ask(something)`, `during(something)` is called, and the script goes on
    afterwards. If $SCREENSHOTS names a folder, the script gets it as its last argument.
    """
    node = shutil.which("node")
    assert node, "node is not installed: run scripts/setup"
    assert (HERE / "node_modules").is_dir(), "npm packages are missing: run scripts/setup"
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [node, script, *arguments, *_screenshots()],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
        _ended_in(PATIENCE, process),
    ):
        assert process.stdin
        assert process.stdout
        lines = []
        for line in process.stdout:
            if line.startswith(ASKED):
                assert during, line
                during(line.removeprefix(ASKED).rstrip())
                process.stdin.write("\n")
                process.stdin.flush()
            else:
                lines.append(line)
        code = process.wait()
        errors.seek(0)
        assert code == 0, errors.read() or f"the script ended with {code}"
    return json.loads("".join(lines))


@contextlib.contextmanager
def _ended_in(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    """Waits for the script, which is killed after that time. If the test has failed, the script
    learns it from the end of its stdin, and closes its browsers.
    """
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait()
        timer.cancel()


def _screenshots() -> list[str]:
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return []
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    return [str(pathlib.Path(folder).resolve())]
