"""Is the package `sio` the one that comes with sioserve? The distribution django-sio has one too.

Whichever of the two pip installs last overwrites the other, and uninstalling one takes files of the
other away.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os

from sioserve.errors import StartupError

REMEDY = "pip uninstall django-sio sioserve && pip install sioserve"

# A file that only ours has, and the one that every package has.
FILES = ("dispatcher.py", "__init__.py")


def check_sio_package() -> None:
    """Raises StartupError if `import sio` would not find ours; does not import it."""
    spec = importlib.util.find_spec("sio")
    folders = (spec.submodule_search_locations or ()) if spec is not None else ()
    if not any(all(os.path.exists(os.path.join(f, name)) for name in FILES) for f in folders):
        raise StartupError(f'the package "sio" is not the one that comes with sioserve: {REMEDY}')


def django_sio_is_installed() -> bool:
    """Whether pip knows the distribution, whoever's files are there."""
    try:
        importlib.metadata.distribution("django-sio")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
