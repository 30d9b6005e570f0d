"""What `sioserve status` shows of the Python processes."""

from __future__ import annotations

from typing import Any

from sioserve.processes import rss_of
from sioserve.workers.process import PythonProcess
from sioserve.workers.supervisor import Supervisor
from sioserve.workers.watch import StatusSource

FIGURES = ("requests", "requests_total", "websockets", "sessions", "delay_ms", "silent_ms")


def processes(pool: StatusSource | None, supervisor: Supervisor) -> list[dict[str, Any]]:
    """A row for each process, in the order of their numbers; the retiring ones at the end."""
    statuses = {} if pool is None else {row["number"]: row for row in pool.process_status()}
    figures = {
        process: statuses[number]
        for number, process in supervisor.members.items()
        if number in statuses
    }
    kept = supervisor.kept
    rows = [_row(number, process, figures, supervisor) for number, process in kept.items()]
    rest = supervisor.running - set(kept.values())
    ordered = sorted(rest, key=lambda process: (process.number, -process.age))
    return rows + [_row(process.number, process, figures, supervisor) for process in ordered]


def _row(
    number: int,
    process: PythonProcess | None,
    figures: dict[PythonProcess, dict[str, Any]],
    supervisor: Supervisor,
) -> dict[str, Any]:
    if process is None or process.ended.done():
        return {"number": number, "state": "waiting to start"}
    if not process.is_ready:
        state = "starting"
    elif supervisor.is_retiring(process):
        state = "retiring"
    else:
        state = "ready" if process in supervisor.members.values() else "ending"
    found = figures.get(process, {})
    return {
        "number": number,
        "state": state,
        "pid": process.pid,
        "age": round(process.age, 3),
        "rss": rss_of(process.pid),
        **{name: found.get(name) for name in FIGURES},
    }
