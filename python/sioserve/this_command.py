"""The command that runs this program, to start it again in another process."""

from __future__ import annotations

import os
import sys


def this_command() -> list[str]:
    """Without arguments."""
    if "_sioserve" in sys.builtin_module_names:  # the executable with the built-in module
        return [os.readlink("/proc/self/exe")]
    if os.path.basename(sys.argv[0]) == "sioserve":  # the script
        return [sys.executable, os.path.abspath(sys.argv[0])]
    return [sys.executable, "-m", "sioserve"]
