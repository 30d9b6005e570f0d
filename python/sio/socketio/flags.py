"""Flags: how an event is sent, apart from to whom."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Flags:
    """`volatile`: dropped for a client that cannot take the event now. `compress`: the event may be
    compressed, where options say so."""

    volatile: bool = False
    compress: bool = True


NO_FLAGS = Flags()
