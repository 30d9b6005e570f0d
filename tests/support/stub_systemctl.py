"""Does what systemctl and systemd do with a service, as far as tests/support/fresh_machine.py needs
it: `systemctl daemon-reload`, `restart NAME` and `stop NAME`.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping

from support.waiting import eventually

UNITS = pathlib.Path("/etc/systemd/system")
RUN = pathlib.Path("/run")
PATIENCE = 60.0  # seconds


def settings_of(unit: str) -> dict[str, str]:
    """The section [Service]. Each setting of these units occurs once."""
    section = unit.partition("[Service]\n")[2].partition("\n[")[0]
    lines = re.sub(r"\\\n\s*", " ", section).splitlines()
    pairs = [line.partition("=")[::2] for line in lines if "=" in line]
    settings = dict(pairs)
    assert len(settings) == len(pairs), unit
    return settings


def has_ended(process: int) -> bool:
    try:
        return "\nState:\tZ" in pathlib.Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return True


def stop(name: str) -> None:
    known = RUN / f"{name}.main"
    if not known.exists():
        return
    process = int(known.read_text())
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    eventually(lambda: has_ended(process), seconds=PATIENCE)
    known.unlink()


@contextlib.contextmanager
def notifications(path: pathlib.Path) -> Iterator[socket.socket]:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        path.chmod(0o666)
        manager.settimeout(1.0)
        yield manager


def wait_until_ready(manager: socket.socket, process: subprocess.Popen[bytes]) -> None:
    def ready() -> bool:
        assert process.poll() is None, f"exit code {process.returncode}"
        with contextlib.suppress(TimeoutError):
            return b"READY=1" in manager.recv(4096)
        return False

    eventually(ready, seconds=PATIENCE)


def start(name: str) -> None:
    settings = settings_of((UNITS / f"{name}.service").read_text())
    assert settings["Type"] == "notify"
    with notifications(RUN / "notify") as manager, (RUN / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [*as_user(settings), *shlex.split(settings["ExecStart"])],
            cwd=settings["WorkingDirectory"],
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                **dict([settings["Environment"].partition("=")[::2]]),
                "NOTIFY_SOCKET": str(RUN / "notify"),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: limit_descriptors(int(settings["LimitNOFILE"])),
        )
        (RUN / f"{name}.main").write_text(str(process.pid))
        wait_until_ready(manager, process)


def as_user(settings: Mapping[str, str]) -> list[str]:
    """The command that runs another one as the user of the service."""
    user = settings["User"]
    folder = RUN / settings["RuntimeDirectory"]
    folder.mkdir(exist_ok=True)
    subprocess.run(["chown", f"{user}:", str(folder)], check=True)
    command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    if "AmbientCapabilities" in settings:
        names = settings["AmbientCapabilities"].lower().split()
        added = ",".join("+" + name.removeprefix("cap_") for name in names)
        command += [f"--inh-caps={added}", f"--ambient-caps={added}"]
    return [*command, "--"]


def limit_descriptors(count: int) -> None:
    most = min(count, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(command: str, *names: str) -> None:
    if command == "daemon-reload":
        return
    assert command in ("restart", "stop"), command
    for name in names:
        stop(name)
        if command == "restart":
            start(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
