"""JSONP polling with the clients that have it, in a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest
from support.server import ROOT, ServerProcess
from support.socketio_apps import APPS

CLIENTS = ROOT / "tests/blackbox/js/node_modules"
PATIENCE = 150
TEXT = 'line\nfeed, \\ and n: \\n \\\\n, "quotes", \r\t, \u2028\u2029, </script>, 😀ä, 2 + 2 & %41'

pytestmark = pytest.mark.timeout(PATIENCE + 60)


@pytest.mark.parametrize(
    ("version", "options"), [("2", ["--socketio-allow-eio3"]), ("3", [])], ids=["2.x", "3.x"]
)
def test_a_client_that_is_told_to_use_jsonp(
    start_server: Callable[..., ServerProcess], version: str, options: list[str]
) -> None:
    client = CLIENTS / f"socket.io-client-{version}/dist"
    server = start_server(
        "native:application", *options, "--static", f"/client/={client}", cwd=APPS
    )
    node = shutil.which("node")
    assert node, "node is not installed: run scripts/setup"
    process = subprocess.run(
        [node, "jsonp.mjs", server.url, TEXT],
        cwd=ROOT / "tests/browser",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    seen = json.loads(process.stdout)
    assert seen["received"] == [TEXT, [0, 1, 2, 255]]
    assert seen["acknowledged"] == [TEXT]
    assert seen["complaints"] == []
    assert seen["requests"] == ["GET script", "POST document"]
