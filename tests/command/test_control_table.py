"""The text of `sioserve status`."""

from __future__ import annotations

import pytest
from sioserve.control.table import duration, status_text

FIGURES = {"requests": 3, "requests_total": 1200, "websockets": 0, "sessions": 45}

STATUS = {
    "version": "1.0",
    "pid": 10,
    "state": "running",
    "age": 7300.0,
    "rss": 30_000_000,
    "processes": [
        {
            "number": 1,
            "state": "ready",
            "pid": 11,
            "age": 7299.0,
            "rss": 80_400_000,
            **FIGURES,
            "delay_ms": 0,
            "silent_ms": 0,
        },
        {
            "number": 2,
            "state": "retiring",
            "pid": 12,
            "age": 61,
            "rss": 0,
            **FIGURES,
            "delay_ms": 5,
            "silent_ms": 61_000,
        },
        {"number": 3, "state": "waiting to start"},
    ],
}

TEXT = """\
sioserve 1.0, pid 10: running for 2 h, 30 MB

process  pid  state               age  memory  requests  in total  WebSockets  sessions  loop delay
1         11  ready               2 h   80 MB         3      1200           0        45  under 1 ms
2         12  retiring          1 min       -         3      1200           0        45   over 61 s
3          -  waiting to start      -       -         -         -           -         -           -
"""


def test_the_table() -> None:
    assert status_text(STATUS) + "\n" == TEXT


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.2, "59 s"), (60, "1 min"), (3600, "1 h"), (90_000, "25 h"), (200_000, "2 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
