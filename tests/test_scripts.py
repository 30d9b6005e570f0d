"""The command lines of the scripts in scripts/."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def bash_scripts() -> list[str]:
    return sorted(
        path.name
        for path in (ROOT / "scripts").iterdir()
        if path.is_file() and path.read_text().startswith("#!/usr/bin/env bash\n")
    )


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / script, *arguments], capture_output=True, text=True, timeout=60
    )


# `bench` runs a program, which explains its options itself.
@pytest.mark.parametrize("script", [name for name in bash_scripts() if name != "bench"])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_explains_a_script_and_does_nothing(script: str, option: str) -> None:
    ended = run(script, option)
    assert ended.returncode == 0
    assert ended.stderr == ""
    first_line = (ROOT / "scripts" / script).read_text().splitlines()[1]
    assert first_line.startswith("# ")
    assert ended.stdout.splitlines()[0] == first_line.removeprefix("# ")


@pytest.mark.parametrize("script", ["demo", "format", "lint", "setup"])
def test_a_script_refuses_an_argument_that_it_does_not_know(script: str) -> None:
    ended = run(script, "--unknown")
    assert ended.returncode == 1
    assert "--unknown" in ended.stderr
    assert "--help" in ended.stderr
