"""--env-file: environment variables from a file."""

from __future__ import annotations

import pathlib
from collections.abc import MutableMapping

from sioserve.errors import StartupError
from sioserve.options.errors import UsageError


def load_env_file(path: str, environ: MutableMapping[str, str]) -> None:
    """Set the variables of the file that `environ` does not have. Raises UsageError,
    StartupError.
    """
    try:
        from dotenv import dotenv_values
    except ImportError:
        raise StartupError(
            "--env-file needs python-dotenv, which is not installed: pip install 'sioserve[dotenv]'"
        ) from None
    if not pathlib.Path(path).is_file():
        raise UsageError(f"there is no file {path} to take environment variables from")
    for name, value in dotenv_values(path).items():
        if value is not None:
            environ.setdefault(name, value)
