"""A server under callgrind, whose threads are counted between two points in time."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

from servers import HERE

from instruction_counts.clients import PATIENCE, connect


class CountedServer:
    """The process of a server. Nothing is counted before `start()`.

    vgdb, which belongs to valgrind, sends commands to callgrind. A dump writes a file for each
    thread, with what it has executed since the last dump.
    """

    def __init__(self, process: int, folder: pathlib.Path) -> None:
        self.process = process
        self.folder = folder
        self.dumps = 0

    def start(self) -> None:
        self.tell("instrumentation", "on")

    def counted(self) -> dict[str, int]:
        """Instructions since the start or the last call, of the threads that run Python (the main
        thread, and those of synchronous views), and of the others (the I/O thread).
        """
        self.tell("dump")
        self.dumps += 1
        counts = {"Python": 0, "I/O": 0}
        for path in self.folder.glob(f"out.{self.dumps}-*"):
            content = path.read_text()
            total = re.search(r"^(?:summary|totals): (\d+)", content, re.MULTILINE)
            assert total, path
            main = path.name.endswith("-01")
            counts["Python" if main or "PyEval_" in content else "I/O"] += int(total[1])
        return counts

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        os.kill(self.process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process, signal.SIGCONT)

    def tell(self, *command: str) -> None:
        """Raises SystemExit."""
        try:
            subprocess.run(
                ["vgdb", f"--pid={self.process}", *command],
                check=True,
                timeout=PATIENCE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise SystemExit(f"vgdb can't reach the server: {problem}") from None


@contextlib.contextmanager
def counted_server(
    command: Sequence[str], port: int, env: Mapping[str, str]
) -> Iterator[CountedServer]:
    """Starts it, and stops it at the end. Raises SystemExit if it does not start."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        valgrind = ["valgrind", "--tool=callgrind", "--separate-threads=yes", "--quiet"]
        valgrind += ["--fair-sched=yes"]  # a thread that waits gets its turn next
        valgrind += ["--instr-atstart=no", f"--callgrind-out-file={folder}/out"]
        with (folder / "log").open("w+b") as log:
            process = subprocess.Popen(
                [*valgrind, *command],
                cwd=HERE,
                env={**os.environ, "VIRTUAL_ENV": sys.prefix, "PYTHONHASHSEED": "0", **env},
                stdout=log,
                stderr=log,
            )
            try:
                wait_until_ready(process, port, folder / "log")
                yield CountedServer(process.pid, folder)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: pathlib.Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connect(port).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(
                    f"the server did not start under valgrind:\n{log.read_text()}"
                ) from None
            time.sleep(0.1)
