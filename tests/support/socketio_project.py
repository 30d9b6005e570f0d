"""The Django project in tests/blackbox/socketio_apps/project: its server and its users."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import httpx

from .server import ServerProcess, environment
from .socketio_apps import APPS

PROJECT = APPS / "project"
OWN = {"Origin": "https://www.example.com"}
MIGRATE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
for name in ("alice", "bob"):
    User.objects.create_user(name, password="secret")
"""


def project_environment(mount: str, folder: pathlib.Path) -> dict[str, str]:
    """`folder` has the database, and may have modules."""
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return {
        "DJANGO_SETTINGS_MODULE": f"{mount}_settings",
        "PROJECT_FOLDER": str(folder),
        "PYTHONPATH": path,
    }


def start_project(mount: str, folder: pathlib.Path, *arguments: str) -> ServerProcess:
    """A server for the project with users alice and bob, mounted "native" or "routed"."""
    env = project_environment(mount, folder)
    run_in_project(MIGRATE, env)
    return ServerProcess(f"{mount}_asgi:application", *arguments, cwd=PROJECT, env=env).start()


def run_in_project(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Another process of the project; raises if it fails."""
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=PROJECT, env=environment(env), check=True, capture_output=True, text=True
    )


def cookie_of(server: ServerProcess, name: str) -> dict[str, str]:
    """The cookie header of a user who has logged in."""
    response = httpx.post(f"{server.url}/log-in/", data={"name": name})
    assert response.status_code == 204
    return {**OWN, "Cookie": f"unrelated=1; sessionid={response.cookies['sessionid']}"}
