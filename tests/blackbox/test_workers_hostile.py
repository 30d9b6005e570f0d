"""What a Python process sends cannot stop the I/O process, whatever it is."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from support.server import ServerProcess
from support.waiting import eventually
from websockets.sync.client import connect

FAULT = "it has sent an event whose arguments are no JSON array with a name"
OPTIONS = {
    "plain": [],
    "recovery": ["--socketio-recovery", "5"],
    "msgpack": ["--socketio-parser", "msgpack"],
}
# Others are in the unit tests (command_faults_test.cc, hostile_commands_test.cc).
TEXTS = {"empty": "", "open": "["}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("json", TEXTS.values(), ids=TEXTS)
def test_a_faulty_broadcast_ends_its_process_only(
    start_server: Callable[..., ServerProcess], options: list[str], json: str
) -> None:
    server = start_server("hostile_process:application", "--workers", "1", *options)
    first = httpx.get(server.url).text
    url = server.websocket_url + "/socket.io/?EIO=4&transport=websocket"
    with connect(url) as client:
        client.recv()
        assert httpx.get(server.url + "/send", params={"json": json}).status_code == 502
        server.wait_for_log(FAULT)

        def is_replaced() -> bool:
            answer = httpx.get(server.url)
            return answer.status_code == 200 and answer.text != first

        eventually(is_replaced)
