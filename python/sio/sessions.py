"""Sessions: the Engine.IO sessions of a dispatcher."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .engine import EngineIOSession

if TYPE_CHECKING:
    from _sioserve import Server


class Sessions:
    """By the numbers of the native server. Of a session whose clients are dormant, only its scope
    is kept, or what makes it. Lives on the event loop's thread; any thread may call keep().
    """

    def __init__(self) -> None:
        self._sessions: dict[int, EngineIOSession | Any] = {}
        self._keeping = threading.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, number: int, scope: Any) -> None:
        """`scope`: see EngineIOSession."""
        self._sessions[number] = scope

    def add(self, session: EngineIOSession) -> None:
        """A session that has come from another process."""
        self._sessions[session.number] = session

    def get(self, number: int) -> EngineIOSession | None:
        """None: it is not open, or has no object."""
        found = self._sessions.get(number)
        return found if isinstance(found, EngineIOSession) else None

    def peek(self, number: int, core: Server | None) -> EngineIOSession:
        """The session, or a new object for it, which is not kept. Raises KeyError."""
        found = self.get(number)
        if found is not None:
            return found
        scope: Any = self._sessions[number]
        return EngineIOSession(number, scope, core)

    def keep(self, session: EngineIOSession) -> EngineIOSession:
        """The object of the session from now on: this one, unless another thread was faster."""
        with self._keeping:
            found = self.get(session.number)
            if found is None:
                found = self._sessions[session.number] = session
            return found

    def pop(self, number: int) -> EngineIOSession | None:
        """Forget it. None as for get()."""
        found = self._sessions.pop(number, None)
        return found if isinstance(found, EngineIOSession) else None
