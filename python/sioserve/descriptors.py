"""The limit on file descriptors of this process, and its standard descriptors."""

from __future__ import annotations

import errno
import os
import resource
import sys

from sioserve.errors import StartupError

# Some containers allow a thousand times as many; programs that loop over all descriptor numbers
# would then take minutes.
MOST = 1_048_576
# Two event loops with their wake-up descriptors, a listener and a few files.
# asgi-bridge/descriptors.cc checks the same number.
NEEDED = 20


def raise_descriptor_limit() -> None:
    """Raise the soft limit on descriptors to the hard limit, for this process and its children."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_descriptors() -> None:
    """Raise StartupError if there are too few descriptors for the server."""
    opened: list[int] = []
    try:
        while len(opened) < NEEDED:
            opened.append(os.eventfd(0))
    except OSError as error:
        raise descriptor_shortage(error) or error from None
    finally:
        for fd in opened:
            os.close(fd)


def descriptor_shortage(error: BaseException | None) -> StartupError | None:
    """The message for an exception caused by too few descriptors; None for any other."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return StartupError(
                f"Not enough file descriptors: {os.strerror(error.errno)}; "
                "raise the limit with ulimit -n (docs/deployment.md#systemd)"
            )
        error = error.__cause__ or error.__context__
    return None


def open_standard_descriptors() -> None:
    """Open /dev/null for closed standard descriptors, before a socket gets their numbers.

    The executable does this before Python starts; this function is for other interpreters.
    """
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(fd)
        except OSError:
            opened = os.open(os.devnull, os.O_RDONLY if fd == 0 else os.O_WRONLY)
            if opened != fd:
                os.dup2(opened, fd)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(fd, mode, closefd=False))  # noqa: SIM115
