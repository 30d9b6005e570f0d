"""Too few descriptors or threads, closed standard descriptors, and full disks."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest
from support.sanitizers import SANITIZER
from support.server import APPS, PATIENCE, ServerProcess, environment, executable
from support.waiting import eventually

STARTUP_FAILURE = 3

# Creating threads fails from the number FAIL_THREADS_FROM on.
NO_THREADS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static int made = 0;

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) {
  int (*real)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) =
      dlsym(RTLD_NEXT, "pthread_create");
  if (++made >= atoi(getenv("FAIL_THREADS_FROM"))) return EAGAIN;
  return real(thread, attributes, run, argument);
}
"""


def run(
    command: Sequence[str], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=APPS,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def assert_is_one_sentence(result: subprocess.CompletedProcess[str], words: str) -> None:
    assert result.returncode == STARTUP_FAILURE, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if "lifespan" not in line]
    assert line.startswith("sioserve: ")
    assert words in line


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_with_few_descriptors_it_serves_or_reports_the_reason(loop: str) -> None:
    serving = []
    for number in range(4, 41):
        limit = ("prlimit", f"--nofile={number}:{number}")
        server = ServerProcess("no_lifespan:application", "--loop", loop, prefix=limit)
        try:
            server.start()
        except RuntimeError:
            assert server.process.returncode == STARTUP_FAILURE, f"{number}: {server.log}"
            assert server.log.count("\n") == 1, f"{number}: {server.log}"
            assert "Not enough file descriptors" in server.log
        else:
            serving.append(number)
            server.stop()
    assert serving == list(range(serving[0], 41))


@pytest.mark.parametrize("number", range(8, 23, 3))
def test_a_running_interpreter_reports_the_lack_of_descriptors(number: int) -> None:
    command = ["prlimit", f"--nofile={number}:{number}", sys.executable, "-m", "sioserve"]
    result = run([*command, "no_lifespan:application", "--port", "0"])
    assert_is_one_sentence(result, "Not enough file descriptors")


def test_a_low_soft_limit_is_raised(start_server: Callable[..., ServerProcess]) -> None:
    hard = 4096
    server = start_server("no_lifespan:application", prefix=("prlimit", f"--nofile=8:{hard}"))
    assert httpx.get(server.url).text == "no lifespan"


def test_an_application_that_uses_all_descriptors_gives_one_message(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "taking.py").write_text(
        "import os\n"
        "from no_lifespan import application\n"
        "taken = []\n"
        "try:\n"
        "    while True: taken.append(os.open('/dev/null', os.O_RDONLY))\n"
        "except OSError: [os.close(taken.pop()) for _ in range(6)]\n"
    )
    command = ["prlimit", "--nofile=64:64", executable(), "taking:application", "--port", "0"]
    result = run(command, {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"})
    assert_is_one_sentence(result, "Not enough file descriptors")


@pytest.fixture(scope="module")
def no_threads(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    if SANITIZER:
        pytest.skip("sanitizers want to be loaded first")
    folder = tmp_path_factory.mktemp("no_threads")
    (folder / "no_threads.c").write_text(NO_THREADS)
    library = folder / "no_threads.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, folder / "no_threads.c", "-ldl"], check=True
    )
    return library


@pytest.mark.parametrize("first", [1, 2])
def test_a_thread_that_can_t_be_created_gives_one_message(
    no_threads: pathlib.Path, tmp_path: pathlib.Path, first: int
) -> None:
    """The first thread is that of the access log, the second one is the I/O thread."""
    result = run(
        [
            *(executable(), "no_lifespan:application", "--port", "0"),
            *("--access-log", str(tmp_path / "access.log")),
        ],
        {"LD_PRELOAD": str(no_threads), "FAIL_THREADS_FROM": str(first)},
    )
    assert_is_one_sentence(result, "thread can't be started: ")


CLOSED = [numbers for size in (1, 2, 3) for numbers in itertools.combinations((0, 1, 2), size)]


@contextlib.contextmanager
def serving(
    command: Sequence[str], redirections: str, path: pathlib.Path
) -> Iterator[tuple[httpx.Client, int]]:
    """A server on a Unix socket, because its standard streams may be closed, and its process id.

    It must stop with exit code 0.
    """
    with subprocess.Popen(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *command, "--uds", str(path)],
        cwd=APPS,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert eventually(lambda: path.exists() or process.poll() is not None)
            transport = httpx.HTTPTransport(uds=str(path))
            with httpx.Client(transport=transport, base_url="http://server") as client:
                yield client, process.pid
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("command", ["executable", "interpreter"])
def test_closed_standard_descriptors_become_dev_null(
    tmp_path: pathlib.Path, command: str, closed: tuple[int, ...]
) -> None:
    begin = [executable()] if command == "executable" else [sys.executable, "-m", "sioserve"]
    redirections = " ".join(f"{number}>&-" for number in closed)
    with serving([*begin, "plain:application"], redirections, tmp_path / "socket") as (client, pid):
        assert client.get("/hello").text == "hello"
        for number in closed:
            assert os.readlink(f"/proc/{pid}/fd/{number}") == "/dev/null"


def test_standard_streams_on_a_full_disk_are_tolerated(tmp_path: pathlib.Path) -> None:
    command = [executable(), "no_lifespan:application", "--access-log", "-"]
    redirections = ">/dev/full 2>/dev/full"
    with serving(command, redirections, tmp_path / "socket") as (client, _):
        for _ in range(20):
            assert client.get("/").text == "no lifespan"
