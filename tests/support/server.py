"""Starts the real `sioserve` executable and watches its log."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from support.sanitizers import ADDRESS_SANITIZER

ROOT = pathlib.Path(__file__).resolve().parents[2]
APPS = ROOT / "tests" / "blackbox" / "apps"

SANITIZER_REPORT = re.compile(
    r"(ERROR|WARNING): \w+Sanitizer|runtime error: |SUMMARY: \w+Sanitizer"
)
LISTENING = re.compile(r"Listening on (?:https?://(\S+):(\d+)|unix:)")

# Sanitizers and busy machines are slow; a test that passes never waits this long.
PATIENCE = 60.0


def executable() -> str:
    """The server under test: $SIOSERVE, or the one in this Python's virtual environment."""
    chosen = os.environ.get("SIOSERVE")
    if chosen:
        return str(pathlib.Path(chosen).resolve())
    beside_python = pathlib.Path(sys.executable).with_name("sioserve")
    found = str(beside_python) if beside_python.exists() else shutil.which("sioserve")
    if not found:
        raise RuntimeError("no sioserve executable: run scripts/setup, or set SIOSERVE")
    return found


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for the server, with the virtual environment of the tests."""
    result = {**os.environ, "VIRTUAL_ENV": sys.prefix, "PYTHONUNBUFFERED": "1"}
    result.update(extra or {})
    return result


class ServerProcess:
    """One running server.

    Attributes:
        host, port: where it listens, set by start(); port 0 if it does not listen on TCP.
        process: the `subprocess.Popen`.
    """

    # The log line of a server that is ready, with host and port.
    listening = LISTENING
    # Whether the server has its own process group, so that signals reach only the server.
    has_own_group = False

    def __init__(
        self,
        application: str,
        *arguments: str,
        cwd: pathlib.Path = APPS,
        env: Mapping[str, str] | None = None,
        listen: Sequence[str] = ("--port", "0"),
        prefix: Sequence[str] = (),
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`prefix` is a command that runs the server; descriptors keep their numbers."""
        self.command: Sequence[str] = [*prefix, executable(), application, *listen, *arguments]
        self.pass_fds = pass_fds
        self.cwd = cwd
        self.env = environment(env)
        self.host = "127.0.0.1"
        self.port = 0
        self.has_tls = False
        self._log = ""
        self._log_changed = threading.Condition()
        self._log_ended = False

    def start(self) -> ServerProcess:
        """Returns when the server is ready. Raises RuntimeError with its log if it stops."""
        logged = len(self._log)  # by an earlier run
        self.process = subprocess.Popen(
            self.command,
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=self.pass_fds,
            start_new_session=self.has_own_group,
        )
        self._log_ended = False
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        try:
            match = self.wait_for_log(self.listening, logged)
        except BaseException:
            self.kill()
            raise
        if match[1]:
            self.host, self.port = match[1], int(match[2])
            self.has_tls = "https://" in match[0]
        return self

    @property
    def url(self) -> str:
        return f"http{self._secure}://{self.host}:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws{self._secure}://{self.host}:{self.port}"

    @property
    def _secure(self) -> str:
        return "s" if self.has_tls else ""

    @property
    def log(self) -> str:
        """All output of the server so far."""
        with self._log_changed:
            return self._log

    def wait_for_log(self, pattern: str | re.Pattern[str], start: int = 0) -> re.Match[str]:
        """Waits for `pattern` in the log after the character `start`.

        Raises RuntimeError if the server stops first, TimeoutError after PATIENCE seconds.
        """
        deadline = time.monotonic() + PATIENCE
        with self._log_changed:
            while True:
                match = re.compile(pattern).search(self._log, start)
                if match:
                    return match
                if self._log_ended:
                    raise RuntimeError(f"the server stopped; its log:\n{self._log}")
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError(f"no {pattern!r} in the server's log:\n{self._log}")
                self._log_changed.wait(remaining)

    def memory(self) -> int:
        """The server's resident memory in bytes."""
        return self._memory("VmRSS")

    def peak_memory(self) -> int:
        """The highest value of memory() since forget_peak_memory()."""
        return self._memory("VmHWM")

    def forget_peak_memory(self) -> None:
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _memory(self, name: str) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(rf"{name}:\s+(\d+) kB", status)
        assert match, status
        return int(match[1]) * 1024

    def growth(self, before: int) -> int:
        """The growth of memory(); 0 under AddressSanitizer, which keeps freed memory."""
        return 0 if ADDRESS_SANITIZER else self.memory() - before

    def peak_growth(self, before: int) -> int:
        """The same for the highest value since the start of the server."""
        return 0 if ADDRESS_SANITIZER else self.peak_memory() - before

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stops the server and asserts that it stopped cleanly."""
        self.process.send_signal(number)
        self.wait()
        assert self.process.returncode == 0, f"exit code {self.process.returncode}\n{self.log}"
        self.assert_no_sanitizer_report()

    def wait(self) -> int:
        """Waits for the end of the process and its log; returns the exit code."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop; its log:\n{self.log}") from None
        self._reader.join(PATIENCE)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)

    def assert_no_sanitizer_report(self) -> None:
        assert not SANITIZER_REPORT.search(self.log), self.log

    def _read_log(self) -> None:
        assert self.process.stdout
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            with self._log_changed:
                self._log += chunk.decode("utf-8", "replace")
                self._log_changed.notify_all()
        with self._log_changed:
            self._log_ended = True
            self._log_changed.notify_all()


def run_to_end(
    *arguments: str, cwd: pathlib.Path = APPS, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a `sioserve` command that is expected to end on its own."""
    result = subprocess.run(
        [executable(), *arguments],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert not SANITIZER_REPORT.search(result.stderr), result.stderr
    return result
