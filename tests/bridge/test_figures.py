"""What a Python process reports of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from sioserve.figures import LoopDelay


class HandLoop:
    """An event loop whose callbacks run when the test says so."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []
        self.is_closed = False

    def call_soon_threadsafe(self, callback: Callable[[], None], *_: Any) -> None:
        if self.is_closed:
            raise RuntimeError("Event loop is closed")
        self.callbacks.append(callback)

    def run(self) -> None:
        while self.callbacks:
            self.callbacks.pop()()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def make() -> tuple[LoopDelay, HandLoop, Clock]:
    loop, clock = HandLoop(), Clock()
    return LoopDelay(cast(asyncio.AbstractEventLoop, loop), clock), loop, clock


def test_the_delay_is_that_of_the_latest_callback() -> None:
    delay, loop, clock = make()
    assert delay.look() == 0.0
    clock.now += 0.25
    loop.run()
    clock.now += 0.75
    assert delay.look() == 0.25
    loop.run()
    clock.now += 1.0
    assert delay.look() == 0.0


def test_a_callback_that_waits_counts_until_now() -> None:
    delay, loop, clock = make()
    delay.look()
    clock.now += 1.0
    assert delay.look() == 1.0
    clock.now += 1.0
    assert delay.look() == 2.0
    assert len(loop.callbacks) == 1, "a blocked loop gets no more of them"
    clock.now += 0.5
    loop.run()
    clock.now += 0.5
    assert delay.look() == 2.5
    clock.now += 0.125
    loop.run()
    assert delay.look() == 0.125


def test_a_closed_loop_is_no_error() -> None:
    delay, loop, clock = make()
    loop.is_closed = True
    delay.look()
    clock.now += 1.0
    assert delay.look() == 1.0
