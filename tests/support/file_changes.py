"""Changes of files that a server with --reload watches."""

from __future__ import annotations

import time
from collections.abc import Callable

from support.server import PATIENCE, ServerProcess
from support.waiting import eventually


def change(server: ServerProcess, make: Callable[[], object], then: str) -> None:
    """Repeats a change until it is noticed, because the time at which watching starts is unknown;
    then waits for a pattern in the log.
    """
    start = len(server.log)

    def noticed() -> bool:
        if "Restarting: " in server.log[start:]:
            return True
        make()
        time.sleep(0.2)
        return False

    eventually(noticed, seconds=PATIENCE)
    server.wait_for_log(then, start)
