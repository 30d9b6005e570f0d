"""CPU time of a request to an ASGI application without any server: a task for each request and a
scope with a dict and a list of its own, on uvloop. `send` is a function that returns a future that
is done. A server can't save this as long as it keeps asyncio's promises.

python asgi_alone.py MODULE:APPLICATION SECONDS      prints {"count": ..., "cpu": seconds}

The application must end without waiting, and read no body.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from typing import Any

import uvloop

AT_ONCE = 64
SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.5"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "client": ("127.0.0.1", 50000),
    "server": ("127.0.0.1", 8000),
    "state": {},
    "extensions": {},
}
HEADERS = ((b"host", b"127.0.0.1"),)


async def requests(application: Any, seconds: float) -> int:
    """The number of requests that were answered."""
    loop = asyncio.get_running_loop()
    sent = loop.create_future()
    sent.set_result(None)
    count = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tasks = []
        for _ in range(AT_ONCE):
            scope = SCOPE.copy()
            scope["headers"] = list(HEADERS)
            tasks.append(loop.create_task(application(scope, None, lambda event: sent)))
        await asyncio.sleep(0)  # one step of each
        for task in tasks:
            task.result()
        count += AT_ONCE
    return count


def main() -> None:
    module, name = sys.argv[1].split(":")
    application = getattr(importlib.import_module(module), name)
    seconds = float(sys.argv[2])
    uvloop.run(requests(application, min(0.5, seconds)))
    begin = time.process_time()
    count = uvloop.run(requests(application, seconds))
    print(json.dumps({"count": count, "cpu": time.process_time() - begin}))


if __name__ == "__main__":
    main()
