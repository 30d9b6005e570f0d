"""The command in an interpreter that already runs: the script `sioserve`, and `python -m sioserve`.

The executable of source builds (server/main.cc) does the same before it starts Python.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from sioserve.startup_objects import collect_rarely

# As in server/main.cc. Signals that a service manager may send at any time, and that would end or
# suspend the process until the command has its handlers.
HELD = (signal.SIGHUP, signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU)


def main() -> int:
    """Run the command with the arguments of `sys.argv`; returns the exit status of cli.main()."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    _name_process()
    _forget_folder_of_script()
    collect_rarely()
    from sioserve import cli  # takes time: signals wait meanwhile

    return cli.main()


def _name_process() -> None:
    """For `ps -C sioserve`, `pgrep` and `killall`: the name of an interpreter is "python3"."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as name:
        name.write("sioserve")


def _forget_folder_of_script() -> None:
    """Python puts it first on the path, but it has commands and no modules."""
    if sys.path and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(sys.argv[0])):
        del sys.path[0]
