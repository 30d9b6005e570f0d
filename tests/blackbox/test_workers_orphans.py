"""Processes that the application leaves behind do not stay as zombies of the I/O process."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
from support.server import ServerProcess
from support.waiting import eventually
from support.workers import pids, write_code

PR_SET_CHILD_SUBREAPER = 36
AS_SUBREAPER = (
    "import ctypes, os, sys\n"
    f"ctypes.CDLL(None).prctl({PR_SET_CHILD_SUBREAPER}, 1)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)
UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def parent_of(pid: int) -> int | None:
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def test_orphans_are_reaped(
    tmp_path: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> None:
    write_code(tmp_path, "one")
    server = start_server(
        "versioned:application",
        *("--workers", "2"),
        cwd=tmp_path,
        prefix=(sys.executable, "-c", AS_SUBREAPER),
    )
    own = pids(server, 2)
    for _ in range(3):
        assert httpx.get(server.url + "/orphan").status_code == 200
        orphan = int((tmp_path / "orphan.pid").read_text())
        assert parent_of(orphan) in (server.process.pid, None)
        eventually(lambda pid=orphan: parent_of(pid) is None)  # type: ignore[misc]
    assert [parent_of(pid) for pid in own] == [server.process.pid] * 2
    assert "it starts again" not in server.log


def can_unshare() -> bool:
    if shutil.which(UNSHARE[0]) is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="no new PID namespace is allowed here")
def test_as_process_1_of_a_container(
    tmp_path: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> None:
    write_code(tmp_path, "one", "\nimport glob\n" + SHOW_ZOMBIES)
    server = ServerProcess(
        "versioned:application",
        *("--workers", "1", "--pid", "server.pid"),
        cwd=tmp_path,
        prefix=UNSHARE,
    ).start()
    try:
        assert (tmp_path / "server.pid").read_text() == "1\n"
        assert httpx.get(server.url + "/orphan").status_code == 200
        eventually(lambda: httpx.get(server.url + "/processes").text.split()[1:] == ["1", "2"])
    finally:
        (inner,) = children_of(server.process.pid)
        subprocess.run(["kill", "-TERM", str(inner)], check=True)
        assert server.wait() == 0


SHOW_ZOMBIES = """
answer = application

async def application(scope, receive, send):
    if scope["type"] != "http" or scope["path"] != "/processes":
        return await answer(scope, receive, send)
    found = sorted(int(path.split("/")[2]) for path in glob.glob("/proc/[0-9]*/stat"))
    body = " ".join(map(str, ["processes:", *found])).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""


def children_of(pid: int) -> list[int]:
    found = pathlib.Path("/proc").glob("[0-9]*")
    return [int(path.name) for path in found if parent_of(int(path.name)) == pid]
