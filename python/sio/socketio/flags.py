"""Flags: options of an event that do not concern its recipients."""

from __future__ import annotations

from typing import NamedTuple


class Flags(NamedTuple):
    """`volatile`: dropped for a client that cannot take the event now. `compress`: the event may be
    compressed, if the server's options allow it."""

    volatile: bool = False
    compress: bool = True


NO_FLAGS = Flags()
