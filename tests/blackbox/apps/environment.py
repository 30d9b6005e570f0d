"""Answers with the state that the process and its children have inherited."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    child = subprocess.run(
        ["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, check=True, close_fds=False
    )
    answer = {
        "environment": dict(os.environ),
        "server": scope["server"],
        "client": scope["client"],
        "files_of_a_child": child.stdout,
    }
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def lifespan(receive: Any, send: Any) -> None:
    for kind in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{kind}"
        await send({"type": f"lifespan.{kind}.complete"})
