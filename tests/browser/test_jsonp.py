"""JSONP polling with the clients that support it, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.browser import PATIENCE, run_node
from support.server import ROOT, ServerProcess
from support.socketio_apps import APPS

CLIENTS = ROOT / "tests/blackbox/js/node_modules"
OPTIONS = {"2": ["--socketio-allow-eio3"], "3": []}
TEXT = 'line\nfeed, \\ and n: \\n \\\\n, "quotes", \r\t, \u2028\u2029, </script>, 😀ä, 2 + 2 & %41'

pytestmark = pytest.mark.timeout(PATIENCE + 60)


@pytest.mark.parametrize("transports", ["polling", "polling,websocket"])
@pytest.mark.parametrize("version", OPTIONS)
def test_a_client_that_is_told_to_use_jsonp(
    start_server: Callable[..., ServerProcess], version: str, transports: str
) -> None:
    client = CLIENTS / f"socket.io-client-{version}/dist"
    server = start_server(
        "native:application", *OPTIONS[version], "--static", f"/client/={client}", cwd=APPS
    )
    seen = run_node("jsonp.mjs", server.url, transports, TEXT)
    assert seen["transport"] == transports.split(",")[-1]
    assert seen["received"] == [TEXT, [0, 1, 2, 255]]
    assert seen["acknowledged"] == [TEXT]
    assert seen["complaints"] == []
    assert {"GET script"} <= set(seen["requests"]) <= {"GET script", "POST document"}
