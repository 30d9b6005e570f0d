"""The sample project with a fresh database."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from support.server import ROOT, environment

PROJECT = ROOT / "sample_project"


@pytest.fixture
def chat_environment(tmp_path: pathlib.Path) -> dict[str, str]:
    """The environment in which the sample project has a fresh database, with the demo's users and
    rooms.
    """
    env = {
        "CHAT_DATABASE": str(tmp_path / "chat.sqlite3"),
        "CHAT_MEDIA": str(tmp_path / "media"),
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }
    for command in (["migrate", "--verbosity=0"], ["demo_data"], ["demo_data"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=PROJECT,
            env=environment(env),
            check=True,
        )
    return env
