"""The ASGI lifespan protocol (version 2.0) in auto mode: used if the application supports it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sioserve.errors import StartupError

logger = logging.getLogger("sioserve")


class Lifespan:
    """Runs the application's lifespan call beside the server; both ends on one event loop."""

    def __init__(self, application: Any) -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._to_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._startup: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._shutdown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._failure_told = False

    async def startup(self) -> None:
        """Return when the application is ready. Raises StartupError if it says it failed."""
        self._task = asyncio.create_task(self._run(), name="lifespan")
        # Ctrl-C may fall into a step of this task; the interrupt itself ends the command.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._to_application.put_nowait({"type": "lifespan.startup"})
        await self._startup

    async def shutdown(self) -> None:
        """Return when the application has cleaned up; failures are logged."""
        if self._task is None or self._task.done():
            return
        self._to_application.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait([self._shutdown, self._task], return_when=asyncio.FIRST_COMPLETED)
        self._task.cancel()

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._application(scope, self._to_application.get, self._send)
        except Exception as error:
            if not self._startup.done():
                logger.info("The application does not support lifespan events (%s)", error)
            elif not self._failure_told:
                logger.exception("Exception in the application's lifespan")
        except SystemExit as error:
            if self._startup.done():
                logger.exception("Exception in the application's lifespan")
            else:
                self._startup.set_exception(
                    StartupError(f"The application exited while it started ({error.code})")
                )
        finally:
            if not self._startup.done():
                self._startup.set_result(None)
            if not self._shutdown.done():
                self._shutdown.set_result(None)

    async def _send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._startup.set_result(None)
        elif kind == "lifespan.startup.failed":
            self._failure_told = True
            reason = message.get("message") or "no reason given"
            self._startup.set_exception(StartupError(f"The application failed to start: {reason}"))
        elif kind == "lifespan.shutdown.complete":
            self._shutdown.set_result(None)
        elif kind == "lifespan.shutdown.failed":
            self._failure_told = True
            logger.error("The application failed to shut down: %s", message.get("message") or "")
            self._shutdown.set_result(None)
        else:
            raise RuntimeError(f"unexpected ASGI message {kind!r} on a lifespan connection")
