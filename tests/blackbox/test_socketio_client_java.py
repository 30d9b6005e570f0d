"""The Java client of Socket.IO, an independent implementation, with the server."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support.server import ROOT, ServerProcess
from support.socketio_apps import APPS

FOLDER = ROOT / "tests" / "blackbox" / "java"
JARS = ROOT / "build" / "java"
TRANSPORTS = ["polling", "websocket", "upgrade"]
SCENARIOS = [
    "connects with auth",
    "is refused",
    "echoes text",
    "sends binary",
    "acknowledges in both directions",
    "keeps the order in rooms",
    "shares one connection",
    "sends large messages",
    "is disconnected by the server",
    "disconnects and reconnects",
    "reconnects when cut off",
]


def java_command(program: str, url: str) -> list[str]:
    java = shutil.which("java")
    if java is None or not JARS.is_dir():
        raise RuntimeError("Java or the client's jars are missing: run scripts/setup")
    return [java, "-cp", f"{JARS}/*", str(FOLDER / program), url]


@pytest.fixture(scope="module")
def outcomes(socketio_server: ServerProcess) -> dict[tuple[str, str], str]:
    """The result of each scenario over each transport; all run in one virtual machine."""
    result = subprocess.run(
        java_command("Scenarios.java", socketio_server.url),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    lines = [line.split("\t", 2) for line in result.stdout.splitlines()]
    return {(transport, scenario): outcome for transport, scenario, outcome in lines}


@pytest.mark.timeout(320)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_java_client(transport: str, outcomes: dict[tuple[str, str], str]) -> None:
    ended = {scenario: outcomes.get((transport, scenario)) for scenario in SCENARIOS}
    assert ended == dict.fromkeys(SCENARIOS, "ok")


@pytest.mark.timeout(120)
def test_java_clients_reconnect_after_a_restart(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("native:application", cwd=APPS)
    command = java_command("Restart.java", server.url)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as client:
        assert client.stdin is not None
        assert client.stdout is not None
        expected = {f"connected {transport}\n" for transport in TRANSPORTS}
        assert {client.stdout.readline() for _ in TRANSPORTS} == expected
        server.stop()
        start_server("native:application", cwd=APPS, listen=("--port", str(server.port)))
        assert {client.stdout.readline() for _ in TRANSPORTS} == expected
        client.stdin.close()
