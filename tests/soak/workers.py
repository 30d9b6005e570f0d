"""A chat of many clients for some minutes, with a reload every ten seconds and a SIGKILL of a
Python process every twenty: scripts/soak_workers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pathlib
import random
import re
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from node_members import NodeMember, NodeProcess  # noqa: E402
from support.moving_chat import run_chat  # noqa: E402
from support.server import ServerProcess  # noqa: E402
from support.socketio_apps import APPS  # noqa: E402
from support.workers import pids  # noqa: E402

RELOAD_EVERY = 10.0  # seconds
KILL_EVERY = 20.0
NODE_SHARE = 4  # a client of so many is one of Node
PING_TIMEOUT = "120"  # seconds: the clients share the machine


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("minutes", type=float)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--no-kills", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    arguments = ("moving_chat:application", "--workers", str(options.workers))
    arguments += ("--socketio-ping-timeout", PING_TIMEOUT)
    server = ServerProcess(*arguments, cwd=APPS).start()
    try:
        pids(server, options.workers)
        print(asyncio.run(chat(server, options, chance)))
    finally:
        server.stop()
        show_log(server)


async def chat(server: ServerProcess, options: argparse.Namespace, chance: random.Random) -> str:
    async def disturb() -> int:
        return await asyncio.to_thread(reload_and_kill, server, options, chance)

    rooms = max(options.clients // 20, 1)
    of_node = options.clients // NODE_SHARE
    async with NodeProcess() as node:
        others = [NodeMember(node, index, f"room {index % rooms}") for index in range(of_node)]
        members = options.clients - of_node
        return await run_chat(server.url, members, rooms, chance, disturb, others=others)


def show_log(server: ServerProcess) -> None:
    for line in re.findall(r".*(?:ERROR|WARNING) .*", server.log):
        print(line)


def reload_and_kill(
    server: ServerProcess, options: argparse.Namespace, chance: random.Random
) -> int:
    end = time.monotonic() + 60 * options.minutes
    reloads = kills = 0
    next_kill = time.monotonic() + KILL_EVERY
    while time.monotonic() < end:
        next_reload = time.monotonic() + RELOAD_EVERY
        server.process.send_signal(signal.SIGHUP)
        reloads += 1
        server.wait_for_log(rf"(?s)(Reloaded: .*){{{reloads}}}")
        time.sleep(max(next_reload - time.monotonic(), 0))
        if time.monotonic() >= next_kill and not options.no_kills:
            os.kill(chance.choice(pids(server, 1)[-options.workers :]), signal.SIGKILL)
            kills += 1
            next_kill += KILL_EVERY
        print(f"{reloads} reloads, {kills} kills", flush=True)
    return kills


if __name__ == "__main__":
    main()
