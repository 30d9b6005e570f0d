"""A Channels project's own tests with daphne uninstalled, and sioserve.testing's tools."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap
import time
from typing import Any

import httpx
import pytest
from sioserve.testing import ServerProcess, ServiceThread
from support.django_versions import VERSIONS, python_path
from support.sanitizers import forks
from support.server import PATIENCE, environment
from support.waiting import eventually

PROJECT = pathlib.Path(__file__).resolve().parents[1] / "apps" / "channels_project"
WITH_PROCESS = ("chat.tests.test_consumers", "chat.tests.test_channels_live")
IN_PROCESS = ("chat.tests.test_consumers", "chat.tests.test_in_process")


def run(*command: str, path: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", *command],
        cwd=PROJECT,
        env=environment({"PYTHONPATH": path, **env}),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )


def passed(result: subprocess.CompletedProcess[str]) -> bool:
    assert result.returncode == 0, result.stdout + result.stderr
    return True


def test_daphne_is_not_installed() -> None:
    # The condition for all tests of this file.
    result = run("-c", "import daphne", path=python_path("5.2"))
    assert "No module named 'daphne'" in result.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_a_channels_project_tested_with_channels_live_servers(
    version: str, tmp_path: pathlib.Path
) -> None:
    env = {"CHAT_FOLDER": str(tmp_path), "START_METHOD": "fork"}
    result = run("manage.py", "test", *WITH_PROCESS, path=python_path(version), **env)
    assert passed(result)
    assert "Ran 7 tests" in result.stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_live_servers_that_start_in_a_fresh_interpreter(
    method: str, tmp_path: pathlib.Path
) -> None:
    env = {"CHAT_FOLDER": str(tmp_path), "START_METHOD": method}
    assert passed(run("manage.py", "test", *WITH_PROCESS, path=python_path("5.2"), **env))


@pytest.mark.parametrize("version", VERSIONS)
def test_live_servers_in_the_process_with_databases_in_memory(version: str) -> None:
    result = run("manage.py", "test", *IN_PROCESS, path=python_path(version))
    assert passed(result)
    assert "Ran 10 tests" in result.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_the_pytest_fixtures(version: str) -> None:
    plugins = ["-p", "pytest_django.plugin", "-p", "sioserve.pytest_plugin"]
    result = run(
        *("-m", "pytest", "-q", *plugins, "chat/tests/test_fixtures.py"),
        *("chat/tests/test_consumers.py", "chat/tests/test_in_process.py"),
        path=python_path(version),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    assert passed(result)
    assert "13 passed" in result.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_socketio_clients_in_the_transaction_of_django_s_test_cases(version: str) -> None:
    path = python_path(version)
    result = run("manage.py", "test", "chat.tests.test_sio_client", path=path)
    assert passed(result)
    assert "Ran 5 tests" in result.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_socketio_clients_under_pytest_django(version: str) -> None:
    plugins = ("pytest_django.plugin", "pytest_asyncio.plugin", "anyio", "sioserve.pytest_plugin")
    options = [option for plugin in plugins for option in ("-p", plugin)]
    result = run(
        *("-m", "pytest", "-q", *options),
        *("chat/tests/test_sio_client.py", "chat/tests/test_sio_client_pytest.py"),
        path=python_path(version),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    assert passed(result)
    assert "10 passed" in result.stdout


def test_the_pytest_plugin_needs_neither_django_nor_pytest_django(tmp_path: pathlib.Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        textwrap.dedent("""
            import sys

            import httpx

            loaded = set(sys.modules)

            async def hello(scope, receive, send):
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": b"hello"})

            def test_any_application(sioserve_server):
                assert httpx.get(sioserve_server(hello).url).text == "hello"
                assert not {"django", "sio", "asyncio.base_events"} & loaded

            def test_live(live_sioserve):
                pass
        """)
    )
    result = run(
        *("-m", "pytest", "-q", "-p", "sioserve.pytest_plugin", str(tmp_path)),
        path=python_path("5.2"),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    assert "1 passed, 1 error" in result.stdout, result.stdout + result.stderr
    assert "live_sioserve needs pytest-django" in result.stdout


def test_an_installed_daphne_takes_precedence_over_the_replacement(tmp_path: pathlib.Path) -> None:
    (tmp_path / "daphne").mkdir()
    (tmp_path / "daphne" / "__init__.py").write_text("")
    (tmp_path / "daphne" / "testing.py").write_text("class DaphneProcess:\n    real = True\n")
    code = (
        "import sioserve.testing; from daphne.testing import DaphneProcess; "
        "print(getattr(DaphneProcess, 'real', 'the stand-in'))"
    )
    assert run("-c", code, path=python_path("5.2", tmp_path)).stdout == "True\n"
    assert run("-c", code, path=python_path("5.2")).stdout == "the stand-in\n"


def test_the_replacement_of_daphne_is_not_a_server() -> None:
    code = "import sioserve.testing, daphne.testing, daphne.server"
    assert "No module named 'daphne.server'" in run("-c", code, path=python_path("5.2")).stderr


async def application(scope: Any, receive: Any, send: Any) -> None:
    body = b"process %d" % os.getpid()
    if scope["path"] == "/blocked":
        time.sleep(PATIENCE)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})


def the_application() -> Any:
    return application


def no_application() -> Any:
    raise LookupError("no application today")


def set_up() -> None:
    pathlib.Path(os.environ["MARKS"], "setup").touch()


def tear_down() -> None:
    pathlib.Path(os.environ["MARKS"], "teardown").touch()


@forks
def test_a_server_process_serves_between_setup_and_teardown(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKS", str(tmp_path))
    process = ServerProcess("127.0.0.1", the_application, setup=set_up, teardown=tear_down)
    process.start()
    process.ready.wait()
    assert (tmp_path / "setup").exists()
    assert not (tmp_path / "teardown").exists()
    answer = httpx.get(f"http://127.0.0.1:{process.port.value}/")
    assert answer.text == f"process {process.pid}"
    process.terminate()
    process.join(PATIENCE)
    assert (process.exitcode, process.errors.empty()) == (0, True)
    assert (tmp_path / "teardown").exists()


@forks
def test_a_server_process_reports_why_it_did_not_start(capfd: pytest.CaptureFixture[str]) -> None:
    process = ServerProcess("127.0.0.1", no_application)
    process.start()
    with pytest.raises(RuntimeError, match="did not start"):
        process.ready.wait()
    error, text = process.errors.get(timeout=PATIENCE)
    assert isinstance(error, LookupError)
    assert "no application today" in text
    assert "no application today" in capfd.readouterr().err
    process.join(PATIENCE)


@forks
def test_a_server_process_whose_port_is_in_use() -> None:
    with ServiceThread(application, options()) as other:
        process = ServerProcess("127.0.0.1", the_application, port=other.port)
        process.start()
        assert not process.ready.wait(PATIENCE)
        error, _ = process.errors.get(timeout=PATIENCE)
        assert "already in use" in str(error)
        process.join(PATIENCE)


@forks
def test_a_blocked_server_process_can_be_terminated() -> None:
    process = ServerProcess("127.0.0.1", the_application)
    process.start()
    process.ready.wait()
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"http://127.0.0.1:{process.port.value}/blocked", timeout=0.2)
    process.terminate()
    process.join(PATIENCE / 2)
    assert process.exitcode == 1


def options() -> Any:
    from sioserve.options import Options, TcpEndpoint

    return Options((TcpEndpoint(port=0),), timeout_graceful_shutdown=2.0)


def test_a_thread_serves_until_it_is_stopped() -> None:
    with ServiceThread(application, options()) as server:
        assert httpx.get(server.url).text == f"process {os.getpid()}"
        assert server.ws_url == f"ws://{server.host}:{server.port}"
    assert not server.is_alive()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_thread_whose_application_fails_to_start() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    server = ServiceThread(failing, options())
    with pytest.raises(Exception, match="no database"):
        server.start_serving()
    assert not server.is_alive()


def test_a_thread_can_be_stopped_while_its_application_starts() -> None:
    asked = []

    async def hanging(scope: Any, receive: Any, send: Any) -> None:
        asked.append(await receive())
        await receive()

    server = ServiceThread(hanging, options())
    server.start()
    eventually(lambda: asked)
    server.stop()
    assert not server.is_alive()


def test_the_entry_point_of_the_plugin_is_installed() -> None:
    from importlib.metadata import entry_points

    (plugin,) = entry_points(group="pytest11", name="sioserve")
    assert plugin.value == "sioserve.pytest_plugin"
