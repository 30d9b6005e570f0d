"""The Autobahn test suite against the server; see scripts/check_autobahn.

usage: autobahn.py PYTHON2 HAPROXY FOLDER [http1|tls|http2] [CASE...]
"""

from __future__ import annotations

import collections
import contextlib
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.certificates import Authority
from support.haproxy import haproxy
from support.ports import free_port
from support.server import ServerProcess

ECHO = """
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    print("version", scope["http_version"], scope["scheme"])
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("bytes") is not None:
            await send({"type": "websocket.send", "bytes": message["bytes"]})
        else:
            await send({"type": "websocket.send", "text": message["text"]})
"""

# Autobahn's client, with the packages in the folder of its first argument.
CLIENT = """
import site, sys
site.addsitedir(sys.argv.pop(1))
from autobahntestsuite.wstest import run
run()
"""

HAPROXY = """
defaults
    mode http
    timeout connect 10s
    timeout client 600s
    timeout server 600s
    timeout tunnel 600s
frontend clients
    bind 127.0.0.1:{port}
    default_backend server
backend server
    server one 127.0.0.1:{server} proto h2
"""

# The last two are for what RFC 6455 leaves open, or wants only where it is possible.
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL"}
LARGEST = 16 * 1024 * 1024  # bytes of a message, in the cases 9.*


class Tools(NamedTuple):
    python2: str
    haproxy: str
    folder: pathlib.Path


@contextlib.contextmanager
def started(tools: Tools, *options: str) -> Iterator[ServerProcess]:
    (tools.folder / "echo.py").write_text(ECHO)
    limits = [f"--websocket-max-{what}-size={LARGEST}" for what in ("message", "frame")]
    server = ServerProcess("echo:application", *limits, *options, cwd=tools.folder).start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def http1(tools: Tools) -> Iterator[str]:
    with started(tools) as server:
        yield server.websocket_url
        assert "version 1.1 ws\n" in server.log


@contextlib.contextmanager
def tls(tools: Tools) -> Iterator[str]:
    issued = Authority(tools.folder / "certificates").issue()
    with started(tools, *issued.options) as server:
        yield server.websocket_url
        assert "version 1.1 wss\n" in server.log


@contextlib.contextmanager
def http2(tools: Tools) -> Iterator[str]:
    port = free_port()
    with started(tools, "--http2-cleartext") as server:
        configuration = HAPROXY.format(port=port, server=server.port)
        with haproxy(tools.haproxy, tools.folder, configuration, port):
            yield f"ws://127.0.0.1:{port}"
        assert "version 2 ws\n" in server.log


Way = Callable[[Tools], contextlib.AbstractContextManager[str]]
WAYS: dict[str, Way] = {"http1": http1, "tls": tls, "http2": http2}


def run(name: str, tools: Tools, cases: Sequence[str]) -> bool:
    """Whether all cases have passed. The report stays in the folder."""
    report = tools.folder / f"report-{name}"
    with WAYS[name](tools) as url:
        spec = tools.folder / f"{name}.json"
        settings = {
            "outdir": str(report),
            "servers": [{"agent": name, "url": url, "options": {"version": 18}}],
            "cases": list(cases),
        }
        spec.write_text(json.dumps(settings))
        client = [tools.python2, "-W", "ignore", "-c", CLIENT, str(tools.folder / "autobahn")]
        with (tools.folder / f"{name}.log").open("wb") as log:
            command = [*client, "--mode", "fuzzingclient", "--spec", str(spec)]
            subprocess.run(command, cwd=tools.folder, check=True, stdout=log, stderr=log)
    results = json.loads((report / "index.json").read_text())[name]
    assert results, "no case was run"
    counts = collections.Counter(
        str(result[kind]) for result in results.values() for kind in ("behavior", "behaviorClose")
    )
    print(f"{name}: {len(results)} cases, of these messages and closes {dict(counts)}", flush=True)
    failed = [
        case
        for case, result in results.items()
        if not {result["behavior"], result["behaviorClose"]} <= PASSED
    ]
    for case in failed:
        print(f"FAILED {name} {case}: {results[case]}", flush=True)
    return not failed


def main(python2: str, haproxy: str, folder: str, *words: str) -> int:
    tools = Tools(python2, haproxy, pathlib.Path(folder).resolve())
    names = [word for word in words if word in WAYS] or list(WAYS)
    cases = [word for word in words if word not in WAYS] or ["*"]
    passed = [run(name, tools, cases) for name in names]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
