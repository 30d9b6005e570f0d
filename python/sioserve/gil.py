"""The global interpreter lock on free-threaded builds of Python.

The native core counts on the GIL: the interpreter switches it on when it loads the core, with a
RuntimeWarning, unless it was told to keep it off (PYTHON_GIL=0, -X gil=0).
"""

from __future__ import annotations

import sys
import sysconfig

from sioserve.errors import StartupError


def check_gil() -> None:
    """Raise StartupError if the GIL is off."""
    if not _is_enabled():
        raise StartupError(
            "sioserve needs the GIL of this free-threaded Python: remove PYTHON_GIL=0 or -X gil=0 "
            "(docs/installation.md#free-threaded-python)"
        )


def gil_words() -> str:
    """For the log: "" on other builds."""
    return " (free-threaded build, GIL enabled)" if _is_free_threaded() else ""


def _is_enabled() -> bool:
    is_enabled = getattr(sys, "_is_gil_enabled", None)  # Python 3.13
    return is_enabled is None or bool(is_enabled())


def _is_free_threaded() -> bool:
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
