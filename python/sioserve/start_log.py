"""The first log line of the command: what serves what."""

from __future__ import annotations

import asyncio
import logging
import platform
import sys

from sio.django_support import django_ready

from sioserve import __version__
from sioserve.gil import gil_words
from sioserve.options import Options

logger = logging.getLogger("sioserve")


def log_versions(options: Options) -> None:
    """Name the versions, the event loop and the number of Python processes."""
    parts = [f"Python {platform.python_version()}{gil_words()}"]
    # With --workers, only the Python processes import the application.
    if "django" in sys.modules and (options.workers is not None or django_ready()):
        parts.append(f"Django {sys.modules['django'].__version__}")
    if options.workers is not None:
        parts.append(f"{options.workers} Python process{'' if options.workers == 1 else 'es'}")
    parts.append(type(asyncio.get_running_loop()).__module__.partition(".")[0])
    logger.info("sioserve %s serves %s: %s", __version__, options.application, ", ".join(parts))
