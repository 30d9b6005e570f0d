"""The interpreter inside of the executable, if it is not in a shared library.

The system may update Python, which does not reach this copy. The modules of the standard library
are the new ones then.
"""

from __future__ import annotations

import os
import pathlib
import sys
import zlib

import _sioserve


def is_outdated() -> bool:
    """Whether the program `python3` is another one than when the executable was built. It is read
    only if it has another time, as a copy has.
    """
    if not _sioserve.embedded_python_file:
        return False
    size, time, checksum = map(int, _sioserve.embedded_python_file.split())
    path = getattr(sys, "_base_executable", None) or sys.executable
    try:
        found = os.stat(path)
        if found.st_size != size:
            return True
        return (
            int(found.st_mtime) != time and zlib.crc32(pathlib.Path(path).read_bytes()) != checksum
        )
    except OSError:
        return False
