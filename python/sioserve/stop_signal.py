"""The signal that has begun the stop, and whether another one is a second request."""

from __future__ import annotations

from typing import NamedTuple

REPETITION = 0.1  # seconds


class StopSignal(NamedTuple):
    """A signal, and when it came on time.monotonic()'s clock, in seconds."""

    number: int
    time: float

    def is_repeated_by(self, other: StopSignal) -> bool:
        """Whether the other one belongs to the same request.

        timeout(1) and some supervisors send a signal to the process and then to its process group.
        """
        return other.number == self.number and other.time - self.time < REPETITION
