"""Shared by the benchmarks: servers on one core, load on another, and printing of results."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = pathlib.Path(sys.executable).parent
SERVER_CORE, LOAD_CORE = "0", "1"
BOTH_CORES = "0,1"
PATIENCE = 30.0  # seconds for a server to start
LONGEST_LOAD = 600.0  # seconds for a load generator to end


def sioserve() -> str:
    """The executable: SIOSERVE, or that of this Python's environment."""
    return os.environ.get("SIOSERVE", str(SCRIPTS / "sioserve"))


def uvicorn() -> str:
    return str(SCRIPTS / "uvicorn")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def needs_two_cores() -> None:
    """Raises SystemExit if the machine has only one core."""
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("two cores are needed: one for the server, one for the load")


@contextlib.contextmanager
def running(
    command: Sequence[str],
    answers: Callable[[], object],
    env: Mapping[str, str] | None = None,
    cores: str = SERVER_CORE,
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a server on its core or `cores`, and stops it at the end.

    Enters the block when `answers()` no longer raises OSError. Raises SystemExit if the server
    ends.
    """
    process = subprocess.Popen(
        ["taskset", "-c", cores, *command],
        cwd=HERE,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix, **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended with exit code {process.returncode}")
            try:
                answers()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminates a server; kills what does not end, so that it can't disturb the next one.

    A worker can outlive its parent when the application is busy.
    """
    workers = descendants(process.pid)
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def descendants(process: int) -> list[int]:
    """The children of all threads of a process, and theirs."""
    found: list[int] = []
    for file in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            for child in map(int, file.read_text().split()):
                found += [child, *descendants(child)]
    return found


def run_load(*command: str, cores: str = LOAD_CORE) -> str:
    """Runs a load generator on its core or `cores`, and returns what it prints. Raises
    SystemExit.
    """
    try:
        result = subprocess.run(
            ["taskset", "-c", cores, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_LOAD,
        )
    except subprocess.TimeoutExpired as hung:
        raise SystemExit(f"{command[0]} did not end") from hung
    if result.returncode:
        raise SystemExit(result.stderr or f"{command[0]}: exit code {result.returncode}")
    return result.stdout


def cpu_time(process: int) -> float:
    """CPU seconds of all threads of a process, in user mode and in the kernel."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_time_of_tree(process: int) -> float:
    """The same of a process and its children."""
    children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return cpu_time(process) + sum(cpu_time_of_tree(int(child)) for child in children)


def resident_bytes(process: int) -> int:
    """The resident memory of a process."""
    pages = int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def resident_bytes_of_tree(process: int) -> int:
    """The same of a process and its children."""
    children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return resident_bytes(process) + sum(resident_bytes_of_tree(int(child)) for child in children)


def print_ratio(what: str, ours: Sequence[float], theirs: Sequence[float]) -> None:
    """The median and the range of the rounds' ratios."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    print(
        f"{what}: median {statistics.median(ratios):.2f}, "
        f"range {min(ratios):.2f} to {max(ratios):.2f}"
    )
