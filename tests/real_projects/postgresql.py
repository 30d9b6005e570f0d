"""Database connections to a real PostgreSQL; see scripts/check_postgresql.

usage: postgresql.py PROGRAMS FOLDER PACKAGES
"""

from __future__ import annotations

import contextlib
import http.client
import os
import pathlib
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from servers import server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.postgresql import PostgreSQL

REQUESTS = 1_000
CLIENTS = 32
THREADS = 8
PATIENCE = 30.0  # seconds
VIEWS = ("/sync", "/async", "/stream", "/fails", "/leaves")

ASGI = """
import os
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "postgres",
    "USER": "postgres",
    "HOST": "127.0.0.1",
    "PORT": os.environ["DATABASE_PORT"],
    "OPTIONS": {"application_name": "project"},
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": os.environ["VARIANT"] != "no-checks",
}
if os.environ["VARIANT"] == "pool":
    DATABASE["CONN_MAX_AGE"] = 0
    DATABASE["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 4, "timeout": 20}
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": DATABASE},
    SECRET_KEY="x",
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)


def backend():
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(0.002), pg_backend_pid()")
        return cursor.fetchone()[1]


def sync_view(request):
    with transaction.atomic():
        return HttpResponse(str(backend()))


async def async_view(request):
    first = await sync_to_async(backend)()
    assert await sync_to_async(backend)() == first
    return HttpResponse(str(first))


def stream(request):
    return StreamingHttpResponse(str(backend()) + " " for _ in range(3))


def fails(request):
    with connection.cursor() as cursor:
        cursor.execute("select 1 / 0")


def leaves(request):
    transaction.atomic().__enter__()
    return HttpResponse(str(backend()))


urlpatterns = [
    path("sync", sync_view),
    path("async", async_view),
    path("stream", stream),
    path("fails", fails),
    path("leaves", leaves),
]
from django.core.asgi import get_asgi_application
application = get_asgi_application()
"""


def ask(port: int, paths: list[str], clients: int = CLIENTS) -> Counter[int]:
    """The requests, in this order; how often each status was the answer."""

    def ask_share(number: int) -> Counter[int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        statuses: Counter[int] = Counter()
        with contextlib.closing(connection):
            for path in paths[number::clients]:
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                statuses[response.status] += 1
        return statuses

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(ask_share, range(clients)), Counter())


def idle_states(cluster: PostgreSQL) -> list[str]:
    """When all of the project's connections are idle; the states after the patience otherwise."""
    deadline = time.monotonic() + PATIENCE
    while set(states := cluster.states()) - {"idle"} and time.monotonic() < deadline:
        time.sleep(0.05)
    return states


def number_that_stays(cluster: PostgreSQL) -> int:
    """When at most THREADS connections are left; the number after the patience otherwise."""
    deadline = time.monotonic() + PATIENCE
    while (number := len(cluster.states())) > THREADS and time.monotonic() < deadline:
        time.sleep(0.05)
    return number


def check(what: str, holds: bool, figures: object) -> bool:
    print(f"{'ok    ' if holds else 'FAILED'} {what}: {figures}")
    return holds


def check_variant(cluster: PostgreSQL, port: int, variant: str) -> Iterator[bool]:
    expected = {"/fails": 500}
    for view in VIEWS:
        statuses = ask(port, [view] * REQUESTS)
        good = statuses == {expected.get(view, 200): REQUESTS}
        yield check(
            f"{variant}: {REQUESTS} requests to {view} from {CLIENTS} clients", good, statuses
        )
        states = idle_states(cluster)
        limit = 4 if variant == "pool" else CLIENTS if view == "/async" else THREADS
        good = len(states) <= limit and set(states) <= {"idle"}
        yield check(f"{variant}: at most {limit} connections, all idle", good, Counter(states))
        # An asynchronous request has a thread beside the limit; only THREADS of them stay for long.
        if variant != "pool":
            stay = number_that_stays(cluster)
            yield check(f"{variant}: connections that stay", stay <= THREADS, stay)
    ask(port, ["/sync", "/async"] * REQUESTS)
    cluster.restart()
    for view in ("/sync", "/async"):
        statuses = ask(port, [view] * 4 * THREADS, clients=1)
        failures = statuses[500]
        most = THREADS if variant == "no-checks" else 0
        yield check(f"{variant}: failures after a restart, {view}", failures <= most, failures)
    cluster.restart()
    statuses = ask(port, ["/sync"] * REQUESTS)
    most = THREADS if variant == "no-checks" else 0
    yield check(f"{variant}: failures of many clients", statuses[500] <= most, statuses[500])


def main(programs: pathlib.Path, folder: pathlib.Path, packages: pathlib.Path) -> int:
    sys.path.append(str(packages))
    project = folder / "postgresql"
    project.mkdir(exist_ok=True)
    (project / "asgi.py").write_text(textwrap.dedent(ASGI))
    cluster = PostgreSQL(programs)
    results = []
    try:
        cluster.start()
        os.environ["DATABASE_PORT"] = str(cluster.port)
        for variant in ("checks", "no-checks", "pool"):
            os.environ["VARIANT"] = variant
            with server(project, packages, "auto", "--threads", str(THREADS)) as port:
                results += check_variant(cluster, port, variant)
            left = idle_states(cluster)
            results.append(check(f"{variant}: connections after the stop", not left, len(left)))
    finally:
        cluster.remove()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:4])))
