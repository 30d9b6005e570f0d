"""Ports for servers that the tests start."""

from __future__ import annotations

import contextlib
import pathlib
import random
import socket

CLIENT_PORTS = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at the moment.

    It is none of those that the kernel gives to clients, of which another test could get it before
    the server listens.
    """
    lowest_of_clients = int(CLIENT_PORTS.read_text().split()[0])
    others = range(10_000, lowest_of_clients) or range(1)  # 0: any
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.SystemRandom().choice(others)))
            return int(probe.getsockname()[1])
