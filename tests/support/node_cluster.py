"""Servers of Node in a cluster: tests/blackbox/js/cluster_node.mjs."""

from __future__ import annotations

import base64
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Sequence
from typing import Any

from .node_clients import FOLDER

TIMEOUT = 60.0
FROM_OUTSIDE = "from outside"  # the event between servers that it reports


class NodeServer:
    """A server of Node with clients, for example {"ann": ("/chat", ["lobby"])}."""

    def __init__(
        self, redis: str, clients: dict[str, tuple[str, Sequence[str | int]]], *, sharded: bool
    ) -> None:
        """Returns when the clients are connected and Redis has all subscriptions."""
        node = shutil.which("node")
        if node is None or not (FOLDER / "node_modules").is_dir():
            raise RuntimeError("Node or its packages are missing: run scripts/setup")
        arguments = json.dumps({"redis": redis, "clients": clients, "sharded": sharded})
        self._process = subprocess.Popen(
            [node, str(FOLDER / "cluster_node.mjs"), arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._lines: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.next() == {"ready": True}

    def next(self) -> Any:
        """The next thing that it reports: [client, event, ...arguments] or ["server", ...]."""
        return self._lines.get(timeout=TIMEOUT)

    def take(self, count: int) -> list[Any]:
        """The next ones, sorted: several clients get an event in no particular order."""
        return sorted((self.next() for _ in range(count)), key=lambda said: str(said[0]))

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(TIMEOUT)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(json.loads(line, object_hook=_bytes))


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["bytes"]) if value.keys() == {"bytes"} else value
