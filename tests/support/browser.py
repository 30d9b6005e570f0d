"""Runs the scripts of tests/browser, which drive a browser."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from typing import Any

from support.server import ROOT

HERE = ROOT / "tests" / "browser"
PATIENCE = 150  # seconds for a whole script; each of its steps has its own limit


def run_node(script: str, *arguments: str) -> dict[str, Any]:
    """The observations of the script. If the script fails, the test fails with its report.

    If $SCREENSHOTS names a folder, the script gets it as its last argument.
    """
    node = shutil.which("node")
    assert node, "node is not installed: run scripts/setup"
    assert (HERE / "node_modules").is_dir(), "npm packages are missing: run scripts/setup"
    process = subprocess.run(
        [node, script, *arguments, *_screenshots()],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def _screenshots() -> list[str]:
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return []
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    return [str(pathlib.Path(folder).resolve())]
