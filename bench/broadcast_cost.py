"""Instructions and calls of a broadcast for each recipient, counted with callgrind.

A separate program (broadcast_cost/) broadcasts to sessions whose WebSockets accept everything and
do nothing. It covers the path from the application's command to the call that passes a message to a
WebSocket. The printed value is the difference of two runs with different numbers of broadcasts, so
one-time costs do not count. Counts do not depend on other load on the machine.

    python bench/broadcast_cost.py [--clients 200]

Builds the program in build/release. Needs valgrind.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import subprocess
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bench/broadcast_cost/broadcast_cost"
FEW, MANY = 10, 110  # broadcasts


class Cost(NamedTuple):
    instructions: int
    calls: int


def build() -> None:
    script = (
        'source scripts/common.sh; configure release; cmake --build "$root/build/release" '
        "--target broadcast_cost"
    )
    subprocess.run(["bash", "-c", script], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def run(clients: int, broadcasts: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
        subprocess.run(
            [*command, PROGRAM, str(clients), str(broadcasts)], check=True, capture_output=True
        )
        profile = out.read_text()
    summary = re.search(r"^(?:summary|totals): (\d+)", profile, re.MULTILINE)
    assert summary, profile[-500:]
    calls = sum(int(count) for count in re.findall(r"^calls=(\d+)", profile, re.MULTILINE))
    return Cost(int(summary[1]), calls)


def main() -> None:
    parser = argparse.ArgumentParser(description="What a broadcast costs for each recipient")
    parser.add_argument("--clients", type=int, default=200)
    clients = parser.parse_args().clients
    build()
    few, many = run(clients, FEW), run(clients, MANY)
    deliveries = (MANY - FEW) * clients
    print(
        f"{(many.instructions - few.instructions) / deliveries:.1f} instructions for each recipient"
    )
    print(f"{(many.calls - few.calls) / deliveries:.1f} calls")


if __name__ == "__main__":
    main()
