"""Checks that the package `sio` is sioserve's, because the distribution django-sio has one too.

The one that pip installs last overwrites the other, and uninstalling one removes files of the
other.
"""

from __future__ import annotations

import importlib.util
import os

from sioserve.errors import StartupError

REMEDY = "pip uninstall django-sio sioserve && pip install sioserve"

# A file that only our package has, and the one that every package has.
FILES = ("dispatcher.py", "__init__.py")


def check_sio_package() -> None:
    """Raises StartupError if `import sio` would not find our package; does not import it."""
    spec = importlib.util.find_spec("sio")
    folders = (spec.submodule_search_locations or ()) if spec is not None else ()
    if not any(all(os.path.exists(os.path.join(f, name)) for name in FILES) for f in folders):
        raise StartupError(
            f'the package "sio" is not the one that comes with sioserve: {REMEDY} '
            "(docs/migrating-from-django-sio.md#install)"
        )


def django_sio_is_installed() -> bool:
    """Whether the distribution is installed, even if our files have replaced its files."""
    from importlib import metadata  # takes time, and the start of a server does without it

    try:
        metadata.distribution("django-sio")
    except metadata.PackageNotFoundError:
        return False
    return True
