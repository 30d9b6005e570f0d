"""Where the control socket is."""

from __future__ import annotations

SUFFIX = ".control"


def control_path(control: str | None, pid: str | None) -> str | None:
    """The path for the options --control and --pid; None: there is no socket.

    The server and the commands find it in the same way.
    """
    if control is not None:
        return control
    return None if pid is None else pid + SUFFIX
