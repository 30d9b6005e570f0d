"""Runs scenarios of the official clients in Node: tests/blackbox/js/run.mjs."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import shutil
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from .server import ServerProcess
from .socketio_apps import disconnects

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "blackbox" / "js"
TIMEOUT = 60.0
VERSION = "4.8"
MSGPACK = "socket.io-msgpack-parser"
TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}


class ScenarioFailed(AssertionError):
    """A scenario failed; the message is the stack of JavaScript."""


class NodeClients:
    """One Node process for all scenarios, which may run concurrently."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """`env`: further environment variables."""
        node = shutil.which("node")
        if node is None or not (FOLDER / "node_modules").is_dir():
            raise RuntimeError("Node or its packages are missing: run scripts/setup")
        self._process = subprocess.Popen(
            [node, str(FOLDER / "run.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
        )
        self._numbers = itertools.count()
        self._running: dict[int, Future[Any]] = {}
        threading.Thread(target=self._read_answers, daemon=True).start()

    def start(
        self, name: str, *, version: str = VERSION, parser: str | None = None, **arguments: Any
    ) -> Future[Any]:
        """Starts a scenario with the client of a version: "4.8" (the newest), ... "2".

        `parser` is the npm package of another parser than the client's own.

        The future gets the scenario's result, or ScenarioFailed.
        """
        number = next(self._numbers)
        future = self._running[number] = Future()
        assert self._process.stdin
        order = {"id": number, "name": name, "version": version, "parser": parser}
        self._process.stdin.write(json.dumps({**order, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        return future

    def run(self, name: str, **options: Any) -> Any:
        """Runs a scenario to its end; the arguments are those of start()."""
        return self.start(name, **options).result(TIMEOUT)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(TIMEOUT)

    def _read_answers(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            future = self._running.pop(answer["id"])
            if "error" in answer:
                future.set_exception(ScenarioFailed(answer["error"]))
            else:
                future.set_result(answer["result"])
        for future in self._running.values():
            future.set_exception(ScenarioFailed("Node ended"))


@dataclass(frozen=True)
class Clients:
    """Clients of one version, one parser and one selection of transports, for one server."""

    node: NodeClients
    server: ServerProcess
    transport: str
    version: str = VERSION
    parser: str | None = None

    def run(self, scenario: str, **arguments: Any) -> Any:
        return self.node.run(
            scenario,
            version=self.version,
            parser=self.parser,
            url=self.server.url,
            transports=TRANSPORTS[self.transport],
            **arguments,
        )

    def disconnects(self, key: str) -> list[list[Any]]:
        return disconnects(self.server, key)
