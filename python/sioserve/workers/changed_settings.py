"""Settings that new code has changed, but that the running I/O process can't change."""

from __future__ import annotations

import logging

from sioserve.options.server_arguments import DJANGO_SETTINGS
from sioserve.workers.told_settings import Settings

logger = logging.getLogger("sioserve")

# Settings of the native core by the name that the user knows. The others of a hello, such as the
# namespaces, are commands too, which each Python process gives.
NAMES = {
    "allowed_hosts": "ALLOWED_HOSTS",
    "native_socketio": "whether there are consumers for the native Socket.IO path",
    **{argument: name for name, argument in DJANGO_SETTINGS.items()},
}


class ChangedSettings:
    """Compares the settings of new processes with those of the I/O process."""

    def __init__(self, used: Settings) -> None:
        self._used = used
        self._told: list[str] = []

    def check(self, settings: Settings) -> None:
        """Log a warning if others have changed than at the last time."""
        changed = [name for key, name in NAMES.items() if settings.get(key) != self._used.get(key)]
        if changed and changed != self._told:
            logger.warning(
                "Changed, but used only after a restart of the server: %s", ", ".join(changed)
            )
        self._told = changed
