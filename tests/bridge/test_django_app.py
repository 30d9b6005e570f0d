"""sioserve in INSTALLED_APPS: the messages of its system check, and which runserver is used."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from support.django_versions import VERSIONS, python_path
from support.server import PATIENCE, environment

CHECK = """
import sys
from django.conf import settings
settings.configure(INSTALLED_APPS=sys.argv[1].split(","), STATIC_URL="/static/")
import django
django.setup()
from django.core.checks import run_checks
from django.core.management import get_commands
print(*[message.id for message in run_checks()], "runserver of", get_commands()["runserver"])
"""


def check(path: str, *applications: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", CHECK, ",".join(applications)],
        env=environment({"PYTHONPATH": path}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture
def daphne(tmp_path: pathlib.Path) -> str:
    """A PYTHONPATH with an application of that name that has a runserver command."""
    commands = tmp_path / "daphne" / "management" / "commands"
    commands.mkdir(parents=True)
    for folder in (commands, commands.parent, commands.parent.parent):
        (folder / "__init__.py").touch()
    (commands / "runserver.py").touch()
    return python_path("5.2", tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
def test_sioserve_before_staticfiles(version: str) -> None:
    found = check(python_path(version), "sioserve", "django.contrib.staticfiles")
    assert found == "runserver of sioserve"


@pytest.mark.parametrize("version", VERSIONS)
def test_sioserve_behind_staticfiles(version: str) -> None:
    found = check(python_path(version), "django.contrib.staticfiles", "sioserve")
    assert found == "sioserve.E001 runserver of django.contrib.staticfiles"


def test_sioserve_without_staticfiles() -> None:
    assert check(python_path("5.2"), "sioserve") == "runserver of sioserve"


def test_sioserve_and_daphne(daphne: str) -> None:
    rest = "django.contrib.staticfiles"
    assert check(daphne, "sioserve", "daphne", rest) == "sioserve.W001 runserver of sioserve"
    assert check(daphne, "daphne", "sioserve", rest) == "sioserve.W001 runserver of daphne"


def test_django_sio_beside_sioserve(tmp_path: pathlib.Path) -> None:
    metadata = tmp_path / "django_sio-0.2.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: django-sio\nVersion: 0.2.0\n")
    found = check(python_path("5.2", tmp_path), "sioserve")
    assert found == "sioserve.W002 runserver of sioserve"


def test_daphne_without_daphne_is_the_usual_error() -> None:
    with pytest.raises(AssertionError, match="No module named 'daphne'"):
        check(python_path("5.2"), "sioserve", "daphne")


def test_importing_sioserve_does_not_import_django() -> None:
    code = "import sioserve, sioserve.testing, sys; print('django' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True
    )
    assert result.stdout == "False\n", result.stderr
