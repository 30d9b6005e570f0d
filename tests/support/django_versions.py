"""The versions of Django that tests run with: the virtual environment's, and the oldest supported.

scripts/setup puts the second one into build/django42, which precedes the first on the path.
"""

from __future__ import annotations

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSIONS = ("5.2", "4.2")


def python_path(version: str, *folders: pathlib.Path) -> str:
    """A PYTHONPATH with that Django, `folders`, and what is on the path already.

    Skips the test where the version is not installed.
    """
    paths = [str(folder) for folder in folders]
    if version == "4.2":
        older = ROOT / "build" / "django42"
        if not older.exists():
            pytest.skip("scripts/setup installs Django 4.2")
        paths.insert(0, str(older))
    return os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])
