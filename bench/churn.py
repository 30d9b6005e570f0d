"""What a churn of Socket.IO connections leaves in a server's memory.

Opens and closes connections over WebSockets, 64 at once: handshake, CONNECT and its answer. Prints
the growth of the server's resident memory after each tenth of them. A first part is not counted: in
it the server takes memory for 64 connections at once, and for what is made once. A leak grows from
line to line; memory that is kept for the next connections does not. `scripts/bench churn` provides
everything.

    python bench/churn.py [--connections 1000000] [--servers sioserve,node]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from servers import needs_two_cores, resident_bytes_of_tree, run_load
from suite.programs import SOCKETIO_LOAD, built
from suite.row import Unavailable
from suite.socketio_servers import ALL, Serving, serving

PARTS = 10
AT_ONCE = 64
MB = 1024 * 1024


def churn(running: Serving, connections: int) -> None:
    command = [built(SOCKETIO_LOAD), "connects", str(running.port), str(AT_ONCE), "1", "0"]
    run_load(*command, str(running.process), "--count", str(connections))


def measure(server: str, connections: int) -> int:
    """Prints the memory, and returns how many bytes it has grown by."""
    part = max(1, connections // PARTS)
    with serving(server) as running:
        churn(running, part)
        before = after = resident_bytes_of_tree(running.process)
        print(f"{server}: {before / MB:.1f} MB after the first {part:,} connections", flush=True)
        for number in range(1, PARTS + 1):
            start = time.monotonic()
            churn(running, part)
            rate = part / (time.monotonic() - start)
            after = resident_bytes_of_tree(running.process)
            print(
                f"  {number * part:>10,} more: {(after - before) / MB:+.2f} MB, "
                f"{rate:,.0f} connections/s",
                flush=True,
            )
    grown = after - before
    print(f"  {grown / (part * PARTS):.2f} bytes for each connection")
    return grown


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Memory after many Socket.IO connections")
    parser.add_argument("--connections", type=int, default=1_000_000)
    parser.add_argument("--servers", default="sioserve", help=f"of {', '.join(ALL)}")
    options = parser.parse_args(arguments)
    servers = options.servers.split(",")
    if unknown := set(servers) - set(ALL):
        parser.error(f"no server {', '.join(unknown)}; there are {', '.join(ALL)}")
    needs_two_cores()
    for server in servers:
        try:
            measure(server, options.connections)
        except Unavailable as reason:
            print(f"{server}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
