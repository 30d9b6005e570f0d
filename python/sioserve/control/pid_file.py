"""The file with the number of the server's process."""

from __future__ import annotations

import contextlib
import os
import re

from sioserve.errors import StartupError


class PidFile:
    """The file, from its creation until remove()."""

    def __init__(self, path: str) -> None:
        """Replaces the file of a server that has ended. Raises StartupError."""
        self._path = os.path.abspath(path)
        try:
            _check(self._path)
            new = f"{self._path}.{os.getpid()}"
            with open(new, "x", encoding="ascii") as file:
                file.write(f"{os.getpid()}\n")
            os.replace(new, self._path)
        except OSError as error:
            raise StartupError(f"The file {path} can't be written: {error.strerror}") from None

    def remove(self) -> None:
        """Unless another server has replaced it."""
        with contextlib.suppress(OSError, ValueError):
            if read_pid(self._path) == os.getpid():
                os.unlink(self._path)


def read_pid(path: str) -> int | None:
    """The number in the file; None if it holds something else. Raises OSError."""
    with open(path, "rb") as file:
        content = file.read(100)
    return int(content) if re.fullmatch(rb"\s*\d{1,10}\s*", content) else None


def _check(path: str) -> None:
    try:
        if os.path.getsize(path) and read_pid(path) is None:
            raise StartupError(
                f"{path} exists and holds no process number; it is left as it is "
                "(docs/workers.md#status-and-control)"
            )
    except FileNotFoundError:
        pass
