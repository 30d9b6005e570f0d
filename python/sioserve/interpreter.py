"""The interpreter inside of the executable, if it is not in a shared library.

The system may update Python, which does not reach this copy. The modules of the standard library
are the new ones then.
"""

from __future__ import annotations

import os
import sys

import _sioserve


def is_outdated() -> bool:
    """Whether the program `python3` is another one than when the executable was built."""
    if not _sioserve.embedded_python_file:
        return False
    try:
        found = os.stat(getattr(sys, "_base_executable", None) or sys.executable)
    except OSError:
        return False
    return _sioserve.embedded_python_file != f"{found.st_size} {int(found.st_mtime)}"
