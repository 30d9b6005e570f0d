"""The ASGI lifespan protocol (version 2.0): start-up and shutdown of the application."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

from sioserve.errors import Interrupted, StartupError
from sioserve.lifespan_support import refuses_lifespan

logger = logging.getLogger("sioserve")

# Used if the application supports it, required, or not used.
LifespanMode = Literal["auto", "on", "off"]

CANCELLATION = 0.5  # seconds for a cancelled application to end after the shutdown timeout


class Lifespan:
    """Runs the application's lifespan task, on the event loop of startup().

    `state` is a dict for the application; requests get copies of it.
    """

    def __init__(self, application: Any, mode: LifespanMode = "auto") -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._mode = mode
        self._to_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._startup: asyncio.Future[None]
        self._shutdown: asyncio.Future[None]
        self._task: asyncio.Task[None] | None = None
        self._failure_told = False

    async def startup(self) -> None:
        """Return when the application is ready.

        Raises StartupError if it reports a failure, or if mode is "on" and it has no lifespan.
        """
        if self._mode == "off":
            return
        if self._mode == "auto" and refuses_lifespan(self._application):
            logger.debug("Lifespan events are not sent: Django and Channels do not use them")
            return
        loop = asyncio.get_running_loop()
        self._startup, self._shutdown = loop.create_future(), loop.create_future()
        self._task = loop.create_task(self._run(), name="lifespan")
        # Ctrl-C may interrupt this task; the interrupt itself ends the command.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._to_application.put_nowait({"type": "lifespan.startup"})
        await self._startup

    async def shutdown(self, timeout: float) -> None:
        """Return when the application has cleaned up, at the latest after `timeout` seconds.

        Failures are logged; an application that needs longer is cancelled.
        """
        if self._task is None or self._task.done():
            return
        self._to_application.put_nowait({"type": "lifespan.shutdown"})
        done, _ = await asyncio.wait(
            [self._shutdown, self._task],
            timeout=max(timeout, 0.1),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done:
            logger.warning("Cancelled at shutdown: the application's lifespan")
        self._task.cancel()
        await asyncio.wait([self._task], timeout=CANCELLATION)

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._application(scope, self._to_application.get, self._send)
            if not self._startup.done():
                self._without_lifespan("it returned without an answer", None)
        except Exception as error:
            if not self._startup.done():
                self._without_lifespan(str(error) or type(error).__name__, error)
            elif not self._failure_told:
                logger.exception("Exception in the application's lifespan")
        except Interrupted:  # from a signal
            raise
        except (SystemExit, KeyboardInterrupt) as error:
            if self._startup.done():
                logger.exception("Exception in the application's lifespan")
            elif isinstance(error, SystemExit):
                self._startup.set_exception(
                    StartupError(f"The application exited while it started ({error.code})")
                )
            else:
                self._startup.set_exception(
                    StartupError("The application raised KeyboardInterrupt while it started")
                )
        finally:
            if not self._startup.done():
                self._startup.set_result(None)
            if not self._shutdown.done():
                self._shutdown.set_result(None)

    def _without_lifespan(self, reason: str, error: Exception | None) -> None:
        if self._mode == "on":
            failure = StartupError(
                "The application does not support lifespan events "
                f"(docs/asgi.md#lifespan-events): {reason}"
            )
            failure.__cause__ = error
            self._startup.set_exception(failure)
        else:
            logger.info("The application does not support lifespan events (%s)", reason)
            self._startup.set_result(None)

    async def _send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._answer(self._startup, kind)
        elif kind == "lifespan.startup.failed":
            self._failure_told = True
            reason = message.get("message") or "no reason given"
            self._answer(
                self._startup, kind, StartupError(f"The application failed to start: {reason}")
            )
        elif kind == "lifespan.shutdown.complete":
            self._answer(self._shutdown, kind)
        elif kind == "lifespan.shutdown.failed":
            self._failure_told = True
            logger.error("The application failed to shut down: %s", message.get("message") or "")
            self._answer(self._shutdown, kind)
        else:
            raise RuntimeError(f"unexpected ASGI message {kind!r} on a lifespan connection")

    @staticmethod
    def _answer(
        future: asyncio.Future[None], kind: str, failure: StartupError | None = None
    ) -> None:
        if future.done():
            raise RuntimeError(f"the ASGI message {kind!r} came too late")
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)
