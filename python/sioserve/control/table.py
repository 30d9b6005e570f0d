"""`sioserve status` as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

COLUMNS = (
    "process",
    "pid",
    "state",
    "age",
    "memory",
    "requests",
    "in total",
    "WebSockets",
    "sessions",
    "loop delay",
)
LEFT = {"process", "state"}  # columns that begin at the left
UNKNOWN = "-"


def status_text(status: dict[str, Any]) -> str:
    """A line about the server, and a table of its processes."""
    head = (
        f"sioserve {status['version']}, pid {status['pid']}: {status['state']} "
        f"for {duration(status['age'])}, {memory(status['rss'])}"
    )
    rows = [_row(process) for process in status["processes"]]
    return "\n".join([head, "", *_aligned([COLUMNS, *rows])])


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86_400
    if hours < 1:
        return f"{minutes:.0f} min"
    return f"{hours:.0f} h" if days < 2 else f"{days:.0f} d"


def memory(size: int | None) -> str:
    return UNKNOWN if not size else f"{size / 1_000_000:.0f} MB"


def _row(process: dict[str, Any]) -> tuple[str, ...]:
    age = process.get("age")
    return (
        _shown(process.get("number")),
        _shown(process.get("pid")),
        process["state"],
        UNKNOWN if age is None else duration(age),
        memory(process.get("rss")),
        _shown(process.get("requests")),
        _shown(process.get("requests_total")),
        _shown(process.get("websockets")),
        _shown(process.get("sessions")),
        _delay(process),
    )


def _delay(process: dict[str, Any]) -> str:
    delay, silent = process.get("delay_ms"), process.get("silent_ms")
    if delay is None:
        return UNKNOWN
    if silent and silent > max(delay, 1000):
        return f"over {silent / 1000:.0f} s"
    return f"{delay:.0f} ms" if delay >= 1 else "under 1 ms"


def _shown(value: Any) -> str:
    return UNKNOWN if value is None else str(value)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if name in LEFT else cell.rjust(width)
            for name, cell, width in zip(COLUMNS, row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
