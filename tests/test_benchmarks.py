"""scripts/bench --smoke: each row runs with sioserve, and those that have it with uvicorn."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from support.load_generators import build_load_generators

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Beside sioserve: quick, and in every CI.
SERVERS = "uvicorn httptools,uvicorn websockets,bare,asgi alone"
SECTIONS = ("HTTP", "WebSockets", "Start", "Socket.IO", "Latency", "Memory", "Growth")


def smoke(out: pathlib.Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """The exit code, the rows of the results, and what was printed."""
    command = [sys.executable, str(ROOT / "bench/everything.py"), "--smoke", "--out", str(out)]
    done = subprocess.run(
        [*command, *arguments],
        env={**os.environ, **build_load_generators()},
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    return done.returncode, json.loads(out.read_text())["rows"], printed


@pytest.mark.timeout(400)
@pytest.mark.parametrize("section", SECTIONS)
def test_sioserve_is_measured_in_every_row(section: str, tmp_path: pathlib.Path) -> None:
    """The other servers may fail or be missing, but then the reason is told."""
    keys = keys_of(section)
    if not keys:
        pytest.skip(f"no rows about {section}")
    code, rows, printed = smoke(
        tmp_path / "results.json", "--rows", ",".join(keys), "--servers", SERVERS
    )
    assert code == 0, printed
    assert set(keys) <= rows.keys()
    for key, row in rows.items():
        compared = row["compared"]
        for name, server in row["servers"].items():
            (measured,) = server["rounds"]
            if measured is None:
                assert name not in ("sioserve", "bare", "asgi alone"), f"{key}: {server['failure']}"
                assert server["failure"], key
                continue
            value = measured[compared] if compared in measured else measured["figures"][compared]
            assert value is not None, f"{key}, {name}"
            assert value >= 0


def keys_of(section: str) -> list[str]:
    """The keys of the rows in a section."""
    listed = subprocess.run(
        [sys.executable, str(ROOT / "bench/everything.py"), "--list"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in listed.stdout.splitlines()]
    return [line[0] for line in lines if line[1] == section]
