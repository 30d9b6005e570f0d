"""The first log line of the command: what serves what."""

from __future__ import annotations

import asyncio
import logging
import sys

from sioserve import __version__
from sioserve.gil import gil_words
from sioserve.interpreter import is_outdated
from sioserve.options import Options

logger = logging.getLogger("sioserve")


def log_versions(options: Options, django_version: str | None) -> None:
    """Name the versions, the event loop and the number of Python processes.

    django_version: None if the application is not Django's.
    """
    parts = [f"Python {_python_version()}{gil_words()}"]
    if django_version is not None:
        parts.append(f"Django {django_version}")
    if options.workers is not None:
        parts.append(f"{options.workers} Python process{'' if options.workers == 1 else 'es'}")
    parts.append(type(asyncio.get_running_loop()).__module__.partition(".")[0])
    logger.info("sioserve %s serves %s: %s", __version__, options.application, ", ".join(parts))
    if is_outdated():
        logger.warning(
            "Python has changed since sioserve was built with Python %s inside: build and install "
            "sioserve again (docs/installation.md#updates-of-python)",
            _python_version(),
        )


def _python_version() -> str:
    return sys.version.split()[0]
