"""Type checkers accept the package and its users' code, and find mistakes in it."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("mypy")

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "typed" / "user_code.py"
SAMPLE_TESTS = ROOT / "tests" / "typed" / "user_tests.py"


def mypy(*targets: pathlib.Path | str, cache: pathlib.Path) -> subprocess.CompletedProcess[str]:
    options = ["--strict", "--ignore-missing-imports", "--python-version=3.10"]
    # Ignores the system's and the user's configuration, and checks the sources instead of the
    # installed package.
    options += ["--config-file=", f"--cache-dir={cache}"]
    command = [sys.executable, "-m", "mypy", *options, *map(str, targets)]
    env = {"MYPYPATH": str(ROOT / "python"), "PATH": ""}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("mypy")


def test_the_package_and_the_code_of_a_user(cache: pathlib.Path) -> None:
    done = mypy("-p", "sio", cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    done = mypy(SAMPLE, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_of_a_user(cache: pathlib.Path) -> None:
    done = mypy("--follow-imports=silent", SAMPLE_TESTS, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr


MISTAKES = {
    "socket.emit(17)": "arg-type",
    "socket.join(1.5)": "arg-type",
    "server.of(17)": "call-overload",
    "server.emit('e', romm='lobby')": "call-arg",
    "socket.timeout('5')": "arg-type",
    "server.register_connect_hook(lambda: None)": "type-var",
    "server.of('/chat').rooms().keys() + 1": "operator",
}


def test_mistakes_are_found(tmp_path: pathlib.Path, cache: pathlib.Path) -> None:
    lines = [
        "from sio.socketio import NamespaceSocket, SocketIOServer",
        "def wrong(socket: NamespaceSocket, server: SocketIOServer) -> None:",
        *(f"    {mistake}" for mistake in MISTAKES),
    ]
    (tmp_path / "wrong.py").write_text("\n".join(lines) + "\n")
    done = mypy(tmp_path / "wrong.py", cache=cache)
    for number, (mistake, kind) in enumerate(MISTAKES.items(), 3):
        found = [line for line in done.stdout.splitlines() if f"wrong.py:{number}:" in line]
        assert any(f"[{kind}]" in line for line in found), (mistake, done.stdout)
