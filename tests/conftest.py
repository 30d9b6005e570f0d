"""Fixtures for all tests; the report of a failure has the servers' logs."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from support.django_versions import VERSIONS, python_path
from support.server import APPS, ServerProcess, environment

# Servers inherit that a signal is ignored, as nohup does with SIGHUP; tests expect the default.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def start_server() -> Iterator[Callable[..., ServerProcess]]:
    """start_server(application, *arguments, cwd=, env=): a server for one test.

    It is stopped, and must stop cleanly, at the end of the test unless the test did that.
    """
    servers: list[ServerProcess] = []

    def start(application: str, *arguments: str, **options: object) -> ServerProcess:
        server = ServerProcess(application, *arguments, **options)  # type: ignore[arg-type]
        server.start()
        servers.append(server)
        return server

    yield start
    stop_all(servers)


@pytest.fixture(scope="session")
def plain_server() -> Iterator[ServerProcess]:
    """A server for apps/plain.py."""
    server = ServerProcess("plain:application").start()
    yield server
    stop_all([server])


@pytest.fixture(scope="session", params=VERSIONS)
def django_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server for apps/djangoproj, with a migrated database and a superuser admin/secret.

    Tests run once with each version of Django.
    """
    folder = tmp_path_factory.mktemp("django")
    project = APPS / "djangoproj"
    env = {
        "DJANGO_SETTINGS_MODULE": "site_settings",
        "DJANGOPROJ_FOLDER": str(folder),
        "DJANGO_SUPERUSER_PASSWORD": "secret",
        "PYTHONPATH": python_path(request.param, project),
    }
    createsuperuser = ["createsuperuser", "--noinput", "--username=admin", "--email=a@example.org"]
    for command in (["migrate", "--verbosity=0"], createsuperuser):
        manage(project, command, env)
    server = ServerProcess("site_asgi:application", cwd=project, env=env).start()
    yield server
    stop_all([server])


def manage(project: pathlib.Path, command: list[str], env: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "django", *command],
        cwd=project,
        env=environment(env),
        check=True,
        capture_output=True,
    )


def stop_all(servers: list[ServerProcess]) -> None:
    """Stops the servers that still run; raises the first failure after all have stopped."""
    failures = []
    for server in servers:
        try:
            if server.process.poll() is None:
                server.stop()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Adds the logs of the test's servers to the report of a failure."""
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, ServerProcess):
                start = item.stash.get(LOG_STARTS, {}).get(name, 0)
                report.sections.append((f"log of {name}", value.log[start:]))  # type: ignore[attr-defined]
    return report


LOG_STARTS = pytest.StashKey[dict[str, int]]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    item.stash[LOG_STARTS] = {
        name: len(value.log)
        for name, value in getattr(item, "funcargs", {}).items()
        if isinstance(value, ServerProcess)
    }


def pytest_report_header() -> str:
    return f"sioserve under test: {os.environ.get('SIOSERVE', 'the installed one')}"
