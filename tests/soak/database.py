"""The database of scripts/soak: what handlers have kept in it, across its restarts."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib

from support.postgresql import PostgreSQL

RESTART_EVERY = 60  # seconds


class Database:
    """Clients send visits, which handlers insert. What was acknowledged must be there at the end,
    and handlers must be able to insert again after each restart.
    """

    def __init__(self, programs: pathlib.Path) -> None:
        """`programs`: the folder of pg_ctl. Raises subprocess.CalledProcessError."""
        self._server = PostgreSQL(programs)
        try:
            self._server.start()
            self._server.execute("create table visits (who text)")
        except BaseException:
            self._server.remove()
            raise
        self.kept: set[str] = set()  # whose visits were acknowledged as inserted
        self.answers = 0  # to other calls of those clients
        self.restarts = 0

    @property
    def environment(self) -> dict[str, str]:
        """For the server of the application."""
        return {"DATABASE_PORT": str(self._server.port)}

    async def restart_often(self, end: asyncio.Event, failures: list[str]) -> None:
        """Until `end` is set. Raises subprocess.CalledProcessError."""
        while True:
            visits, answers = len(self.kept), self.answers
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(end.wait(), RESTART_EVERY)
                return
            # A visit follows three answers. Those who are cut off all the time can insert nothing.
            if len(self.kept) == visits and self.answers - answers > 50:
                failures.append(f"no visit was inserted after restart {self.restarts}")
            await asyncio.to_thread(self._server.restart)
            self.restarts += 1

    def lost(self) -> list[str]:
        """What went wrong."""
        lost = self.kept - set(self._server.column("select who from visits"))
        print(f"  {len(self.kept)} visits, {self.restarts} restarts of the database", flush=True)
        return [f"{len(lost)} visits were acknowledged and lost"] if lost else []

    def remove(self) -> None:
        self._server.remove()
