"""Tells systemd the state of the service (Type=notify, Type=notify-reload, WatchdogSec)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, MutableMapping

VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """Sends nothing without an address."""

    def __init__(self, address: str | None = None, watchdog: float | None = None) -> None:
        """`watchdog`: seconds within which systemd expects a sign of life."""
        self._address = address
        self._watchdog = watchdog

    def ready(self, status: str) -> None:
        """The start, or a reload, has been completed."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}", "STATUS=Reloading")

    def stopping(self) -> None:
        self._send("STOPPING=1", "STATUS=Stopping")

    def status(self, text: str) -> None:
        self._send(f"STATUS={text}")

    async def keep_watchdog_quiet(self, check: Callable[[], object]) -> None:
        """Until it is cancelled: send signs of life from the event loop, after each `check`."""
        while self._watchdog is not None:
            check()
            self._send("WATCHDOG=1")
            await asyncio.sleep(self._watchdog / 2)

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        # systemd may have been restarted, or its queue is full: the server goes on.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender,
        ):
            sender.sendto("\n".join(lines).encode(), self._address)


def take_notifier(environ: MutableMapping[str, str] = os.environ) -> Notifier:
    """As sd_notify(3) with unset_environment: no child tells systemd anything in the name of the
    service. Call it once, before any process is started.
    """
    address, watchdog, pid = (environ.pop(name, "") for name in VARIABLES)
    if address.startswith("@"):
        address = "\0" + address[1:]
    elif not address.startswith("/"):
        return Notifier()
    is_meant = not pid or pid == str(os.getpid())
    seconds = int(watchdog) / 1_000_000 if watchdog.isdecimal() and is_meant else 0
    return Notifier(address, seconds or None)
