"""Ends the interpreter while threads wait for the GIL within C++ functions.

CPython before 3.14 ends such threads with pthread_exit(), which unwinds their C++ frames.
`python threads_at_exit.py application`: one that runs an application's code;
`python threads_at_exit.py commands`: some that post more commands than the I/O thread can
carry out, and wait for space.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import urllib.request
from typing import Any

import _sioserve

ready = threading.Event()
serving = threading.Event()
servers: list[Any] = []
addresses: list[str] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ok"})
    ready.set()
    while True:
        sum(range(100))


async def serve() -> None:
    server = _sioserve.Server(application)
    addresses.append(server.listen_tcp("127.0.0.1", 0))
    server.start(asyncio.get_running_loop(), lambda: None)
    servers.append(server)
    serving.set()
    await asyncio.Event().wait()


def post() -> None:
    for number in range(1_000_000_000):
        servers[0].broadcast("/", ["event", "x" * 100])
        if number == 20_000:
            ready.set()


threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
serving.wait()
if sys.argv[1] == "application":
    urllib.request.urlopen(addresses[0]).read()
else:
    for _ in range(3):
        threading.Thread(target=post, daemon=True).start()
ready.wait()
