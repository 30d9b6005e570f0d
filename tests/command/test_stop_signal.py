"""Which signals are one request to stop."""

from __future__ import annotations

import signal

import pytest
from sioserve.stop_signal import StopSignal


@pytest.mark.parametrize(
    ("number", "later", "same"),
    [
        (signal.SIGTERM, 0.0, True),
        (signal.SIGTERM, 0.09, True),
        (signal.SIGTERM, 0.11, False),
        (signal.SIGINT, 0.0, False),
    ],
)
def test_a_signal_that_is_sent_twice_is_one_request(number: int, later: float, same: bool) -> None:
    first = StopSignal(signal.SIGTERM, 1000.0)
    assert first.is_repeated_by(StopSignal(number, 1000.0 + later)) is same
