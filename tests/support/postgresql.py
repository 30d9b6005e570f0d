"""A PostgreSQL (Debian's package postgresql) for scripts outside CI; needs psycopg."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
from typing import Any


class PostgreSQL:
    """A PostgreSQL of its own, which only this machine's users reach."""

    def __init__(self, programs: pathlib.Path) -> None:
        self._programs = programs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postgresql-"))
        self._as_user: dict[str, object] = {}
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self._as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
        self._run("pg_ctl", "--wait", f"--options={options}", f"--log={self.folder}/log", "start")

    def restart(self) -> None:
        self._run("pg_ctl", "--wait", "--mode=fast", f"--log={self.folder}/log", "restart")

    def remove(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "--wait", "--mode=immediate", "stop")
        shutil.rmtree(self.folder)

    def states(self) -> list[str]:
        """Of the project's connections."""
        return self.column("select state from pg_stat_activity where application_name = 'project'")

    def column(self, query: str) -> list[str]:
        """The first column of what a query selects."""
        with self._connect() as connection:
            return [row[0] for row in connection.execute(query)]

    def execute(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname="postgres")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), "--pgdata", str(self.folder / "data"), *arguments],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            **self._as_user,  # type: ignore[call-overload]
        )
