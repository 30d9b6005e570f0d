"""A log handler that emits every record to all clients, of Socket.IO's debug lines too. With QUEUED
in the environment, it does so in the thread of a QueueListener.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import queue
from typing import Any

import sio

lines = 0


class Emits(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        global lines
        lines += 1
        server = sio.get_socketio_server()
        if server.running:
            server.emit("log", record.levelname, record.getMessage())


logging.getLogger("sio").setLevel(logging.DEBUG)
handler: logging.Handler = Emits()
if "QUEUED" in os.environ:
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    logging.handlers.QueueListener(records, handler).start()
    handler = logging.handlers.QueueHandler(records)
logging.getLogger("sio").addHandler(handler)
logging.getLogger("project").addHandler(handler)


@sio.on("warn")
async def warn(socket: Any, text: str) -> None:
    logging.getLogger("project").warning(text)


@sio.on("fail while sending")
async def fail_while_sending(socket: Any) -> None:
    socket.on_any_outgoing(lambda *args: 1 / 0)
    socket.emit("fails")


async def application(scope: Any, receive: Any, send: Any) -> None:
    body = json.dumps(lines).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
