"""Clients go on while their Python processes are replaced and killed."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
from collections.abc import Callable

import pytest
from support.moving_chat import FRESH_KINDS, run_chat
from support.node_clients import TRANSPORTS, NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually
from support.workers import pids


@pytest.mark.parametrize("kills", [False, True], ids=["reloads", "reloads and kills"])
def test_no_client_is_disconnected_and_nothing_lost(
    start_server: Callable[..., ServerProcess], kills: bool
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    server = start_server("moving_chat:application", "--workers", "2", cwd=APPS)
    pids(server, 2)

    async def reload_and_kill() -> int:
        return await asyncio.to_thread(disturb)

    def disturb() -> int:
        for number in range(1, 3):
            ready = pids(server, 2)[-2:]
            if kills:
                start = len(server.log)
                os.kill(chance.choice(ready), signal.SIGKILL)
                server.wait_for_log(r"\(pid \d+\) is ready", start)
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_log(rf"(?s)(Reloaded: .*){{{number}}}")
        return 2 if kills else 0

    asyncio.run(asyncio.wait_for(run_chat(server.url, 24, 4, chance, reload_and_kill), 110))


def test_polling_clients_that_reuse_no_connection_chat(
    start_server: Callable[..., ServerProcess], node: NodeClients
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    server = start_server("moving_chat:application", "--workers", "4", cwd=APPS)
    pids(server, 4)
    javascript = node.start("chatsOverFreshConnections", url=server.url, clients=6, numbers=10)

    async def until_javascript_is_done() -> int:
        await asyncio.wrap_future(javascript)
        return 0

    chat = run_chat(
        server.url, 12, 3, random.Random(seed), until_javascript_is_done, kinds=FRESH_KINDS
    )
    asyncio.run(asyncio.wait_for(chat, 110))
    connections, requests = javascript.result(0)
    assert connections >= requests > 6 * 10


def test_javascript_clients_do_not_notice_reloads(
    start_server: Callable[..., ServerProcess], node: NodeClients
) -> None:
    server = start_server("resuming:application", "--workers", "2", cwd=APPS)
    pids(server, 2)
    reloads = 3
    counting = [
        node.start("countsThroughMoves", url=server.url, transports=transports, moves=reloads)
        for transports in (*TRANSPORTS.values(), *TRANSPORTS.values())
    ]
    # The lines of two processes may be mixed.
    eventually(lambda: len(re.findall("(?<!dis)connect of", server.log)) >= len(counting))
    for number in range(1, reloads + 1):
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log(rf"(?s)(Reloaded: .*){{{number}}}")
        ended = 2 * number
        eventually(lambda ended=ended: server.log.count("has ended with exit code 0") >= ended)
    results = [future.result(60) for future in counting]
    assert [transport for _, transport in results[:3]] == ["polling", "websocket", "websocket"]
    assert min(numbers for numbers, _ in results) > reloads
