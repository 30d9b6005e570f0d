"""The tested versions of Django: that of the virtual environment, and the oldest supported one.

scripts/setup installs the second one into build/django42, which comes first on the path.
"""

from __future__ import annotations

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSIONS = ("5.2", "4.2")


def python_path(version: str, *folders: pathlib.Path) -> str:
    """A PYTHONPATH with that Django, `folders`, and the current path.

    Skips the test if the version is not installed.
    """
    paths = [str(folder) for folder in folders]
    if version == "4.2":
        older = ROOT / "build" / "django42"
        if not older.exists():
            pytest.skip("scripts/setup installs Django 4.2")
        paths.insert(0, str(older))
    return os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])
