"""CPU time of a request to a Django project: sioserve, other ASGI servers, and WSGI servers.

The project is what `startproject` writes (django_site). Each server runs pinned to one core with
one process, and wrk loads it from another; the servers take turns. Printed for each view: CPU time
of the server for a request, its ratio to sioserve's, rate, median and p99 of the latency. "Django
alone" is no server: Django's WSGI handler in a loop, the least that a WSGI server can need.
Needs wrk and two cores; `scripts/bench django_views` provides everything.

    python bench/django_views.py [--rounds 3] [--seconds 5] [--connections 64]
                                 [--views hello,orm] [--servers "sioserve;uvicorn"] [--share-cores]
                                 [--workers 2]
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

from servers import (
    BOTH_CORES,
    HERE,
    LOAD_CORE,
    SCRIPTS,
    SERVER_CORE,
    cpu_time_of_tree,
    free_port,
    needs_two_cores,
    run_load,
    running,
    sioserve,
    uvicorn,
)

DAPHNE = HERE.parent / "build/daphne"
ASGI, WSGI = "django_site.asgi:application", "django_site.wsgi:application"
VIEWS = ("hello", "orm", "template", "private", "hello-async", "orm-async")

# One process each, with the servers' settings for the best speed. {port} is replaced.
SERVERS = {
    "sioserve": f"{sioserve()} {ASGI} --port {{port}} --no-access-log",
    "sioserve, stock": (
        f"{sioserve()} {ASGI} --port {{port}} --no-access-log --django-handler stock"
    ),
    "sioserve, --workers 1": (f"{sioserve()} {ASGI} --port {{port}} --no-access-log --workers 1"),
    "uvicorn": (
        f"{uvicorn()} {ASGI} --port {{port}} --loop uvloop --http httptools --no-access-log "
        "--log-level warning"
    ),
    "granian": (
        f"{SCRIPTS}/granian {ASGI} --port {{port}} --interface asgi --loop uvloop --no-access-log"
    ),
    "daphne": f"{sys.executable} -m daphne {ASGI} -p {{port}} -v 0",
    "gunicorn": f"{SCRIPTS}/gunicorn {WSGI} -b 127.0.0.1:{{port}} -k sync",
    "gthread": f"{SCRIPTS}/gunicorn {WSGI} -b 127.0.0.1:{{port}} -k gthread --threads 8",
    "granian, WSGI": (
        f"{SCRIPTS}/granian {WSGI} --port {{port}} --interface wsgi --blocking-threads 8 "
        "--no-access-log"
    ),
}
ALONE = "Django alone"
# How each starts several processes.
WORKERS = {
    "sioserve": "--workers",
    "sioserve, stock": "--workers",
    "uvicorn": "--workers",
    "granian": "--workers",
    "gunicorn": "-w",
    "gthread": "-w",
    "granian, WSGI": "--workers",
}
WSGI_SERVERS = ("gunicorn", "gthread", "granian, WSGI", ALONE)


class Measured(NamedTuple):
    cpu: float  # microseconds for a request
    rate: float = math.nan  # requests per second
    median: float = math.nan  # milliseconds
    p99: float = math.nan


def prepare(folder: pathlib.Path) -> tuple[dict[str, str], str]:
    """The environment of the servers, with a database, and the session cookie of a user."""
    env = {
        "DJANGO_SETTINGS_MODULE": "django_site.settings",
        "BENCH_DATABASE": str(folder / "db.sqlite3"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])),
    }
    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from django.contrib.auth.models import User\n"
        "from django.test import Client\n"
        "call_command('migrate', verbosity=0)\n"
        "client = Client()\n"
        "client.force_login(User.objects.create_user('ann', password='x'))\n"
        "print(client.cookies['sessionid'].value)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **env}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return env, f"sessionid={done.stdout.strip()}"


@contextlib.contextmanager
def serving(
    server: str, env: dict[str, str], cookie: str, cores: str, workers: int
) -> Iterator[tuple[str, int]]:
    """Starts a server on its cores; gives its URL and process once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"

    def answers() -> None:
        request = urllib.request.Request(url + "private", headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=5) as response:
            assert response.read() == b"ann"

    if server == "daphne":
        env = {**env, "PYTHONPATH": os.pathsep.join([str(DAPHNE), env["PYTHONPATH"]])}
    command = SERVERS[server].format(port=port).split()
    if workers > 1:
        command += [WORKERS[server], str(workers)]
    with running(command, answers, env, cores) as process:
        yield url, process.pid


def measure(
    url: str, process: int, cookie: str, cores: str, seconds: float, connections: int
) -> Measured:
    """Raises SystemExit when a request failed."""
    before = cpu_time_of_tree(process)
    printed = run_load(
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--latency",
        "--timeout",
        "60s",
        "-H",
        f"Cookie: {cookie}",
        url,
        cores=cores,
    )
    spent = cpu_time_of_tree(process) - before
    if failed := re.search(r"(Socket errors|Non-2xx).*", printed):
        raise SystemExit(f"{url}: {failed[0]}")
    requests = re.search(r"(\d+) requests in", printed)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert requests, printed
    assert rate, printed
    return Measured(
        spent / int(requests[1]) * 1e6,
        float(rate[1]),
        percentile(printed, 50),
        percentile(printed, 99),
    )


def measure_alone(view: str, env: dict[str, str], cookie: str, seconds: float) -> Measured:
    """Without a server."""
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "django_site.alone"]
    printed = subprocess.run(
        [*command, view, f"{seconds:g}", cookie],
        cwd=HERE,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Measured(float(printed.stdout))


def percentile(printed: str, which: int) -> float:
    """Of the latency, in milliseconds."""
    found = re.search(rf"\b{which}%\s+([\d.]+)(us|ms|s)\b", printed)
    assert found, printed
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Django on sioserve and other servers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of load per view and round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--views", default=",".join(VIEWS))
    parser.add_argument(
        "--servers", default=";".join((*SERVERS, ALONE)), help="separated by semicolons"
    )
    parser.add_argument("--share-cores", action="store_true", help="server and load on both cores")
    parser.add_argument("--workers", type=int, default=1, help="processes of each server")
    options = parser.parse_args()
    cores = (BOTH_CORES, BOTH_CORES) if options.share_cores else (SERVER_CORE, LOAD_CORE)
    if not shutil.which("wrk"):
        parser.error("wrk is not installed")
    needs_two_cores()
    servers, views = options.servers.split(";"), options.views.split(",")
    if options.workers > 1:
        servers = [server for server in servers if server in WORKERS]

    results: dict[tuple[str, str], list[Measured]] = {}
    with tempfile.TemporaryDirectory() as folder:
        env, cookie = prepare(pathlib.Path(folder))
        for _ in range(options.rounds):
            for server in servers:
                if server == ALONE:
                    for view in views:
                        if not view.endswith("-async"):
                            found = measure_alone(view, env, cookie, options.seconds)
                            results.setdefault((view, server), []).append(found)
                    continue
                with serving(server, env, cookie, cores[0], options.workers) as (url, process):
                    for view in views:
                        if server in WSGI_SERVERS and view.endswith("-async"):
                            continue
                        load = (process, cookie, cores[1])
                        measure(url + view, *load, min(1, options.seconds), options.connections)
                        found = measure(url + view, *load, options.seconds, options.connections)
                        results.setdefault((view, server), []).append(found)
    report(results, servers, views)


def report(
    results: dict[tuple[str, str], list[Measured]], servers: list[str], views: list[str]
) -> None:
    for view in views:
        ours = results.get((view, "sioserve"))
        heads = f"{'CPU µs':>8} {'to sioserve':>22} {'rate/s':>8} {'p50 ms':>8} {'p99 ms':>8}"
        print(f"\n{view:<16} {heads}")
        for server in servers:
            rounds = results.get((view, server))
            if rounds is None:
                continue
            ratio = ""
            if ours is not None:
                ratios = [one.cpu / mine.cpu for one, mine in zip(rounds, ours, strict=True)]
                ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            middle = Measured(*(statistics.median(column) for column in zip(*rounds, strict=True)))
            print(
                f"{server:<16} {middle.cpu:8,.0f} {ratio:>22} {middle.rate:8,.0f} "
                f"{middle.median:8.1f} {middle.p99:8.1f}"
            )


if __name__ == "__main__":
    main()
