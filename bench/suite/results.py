"""The results of a run as a JSON file, from which the report is made without measuring again."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
from typing import Any

from suite.row import Measurement, Row

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = (
    *("uvicorn", "uvloop", "httptools", "zttp", "websockets", "granian", "hypercorn", "gunicorn"),
    *("gunicorn_h1c", "Django", "python-socketio"),
)
APART = {"daphne": ROOT / "build/daphne", "django-sio": ROOT / "build/django-sio"}
NODE_APPS = ROOT / "bench/socket_io_apps"


@dataclasses.dataclass
class ServerResult:
    """What a server did in a row."""

    rounds: list[Measurement | None] = dataclasses.field(default_factory=list)  # None: failed
    failure: str = ""  # the reason of the last failure, also that it is not installed

    def values(self, compared: str) -> list[float | None]:
        return [one.value(compared) if one else None for one in self.rounds]


@dataclasses.dataclass
class RowResult:
    """A row without its code, and what was measured."""

    key: str
    section: str
    title: str
    unit: str
    compared: str
    less_is_better: bool
    aim: str
    servers: dict[str, ServerResult]

    @classmethod
    def of(cls, row: Row) -> RowResult:
        return cls(
            row.key,
            row.section,
            row.title,
            row.unit,
            row.compared,
            row.less_is_better,
            row.aim,
            {server: ServerResult() for server in row.servers},
        )


@dataclasses.dataclass
class Results:
    versions: dict[str, str]
    cores: int
    rounds: int
    seconds: float
    rows: dict[str, RowResult] = dataclasses.field(default_factory=dict)

    def row(self, key: str) -> RowResult | None:
        return self.rows.get(key)


def write(results: Results, path: pathlib.Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_shortened(dataclasses.asdict(results)), indent=1) + "\n")


def read(path: pathlib.Path) -> Results:
    """Raises OSError, ValueError, KeyError or TypeError for a file that is not one of `write`."""
    loaded: dict[str, Any] = json.loads(path.read_text())
    rows = {key: _row_of(row) for key, row in loaded.pop("rows").items()}
    return Results(**loaded, rows=rows)


def _row_of(loaded: dict[str, Any]) -> RowResult:
    servers = {
        name: ServerResult(
            [one and Measurement(**one) for one in server["rounds"]], server["failure"]
        )
        for name, server in loaded.pop("servers").items()
    }
    return RowResult(**loaded, servers=servers)


def _shortened(value: Any) -> Any:
    """With five digits of each number: the others are noise."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    return [_shortened(one) for one in value] if isinstance(value, list) else value


def new(rounds: int, seconds: float) -> Results:
    return Results(versions(), os.cpu_count() or 1, rounds, seconds)


def versions() -> dict[str, str]:
    """Of Python and of the other servers that are installed."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    for package, folder in APART.items():
        for one in importlib.metadata.distributions(name=package, path=[str(folder)]):
            found[package] = one.version
    if nginx := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        said = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr
        if number := re.search(r"nginx/([\d.]+)", said):
            found["nginx"] = number[1]
    if node := shutil.which("node"):
        printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        found["Node"] = printed.stdout.strip().removeprefix("v")
    wanted = json.loads((NODE_APPS / "package.json").read_text())["dependencies"]
    for package in wanted:
        described = NODE_APPS / "node_modules" / package / "package.json"
        if described.is_file():
            found[package] = json.loads(described.read_text())["version"]
    return found
