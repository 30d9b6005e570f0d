"""Switches: the part of SocketIOServer that Django's settings can set too."""

from __future__ import annotations

from ..django_support import switch


class Switches:
    """Attributes that are True or False."""

    _recovery_skips_middleware: bool | None = None
    _allow_private_rooms: bool | None = None
    _ack_unknown_events: bool | None = None

    @property
    def recovery_skips_middleware(self) -> bool:
        """Whether the namespace's middleware (`use()`) is skipped for a recovered client; its
        `connect` handlers are always called.

        If not set: Django's setting SIO_RECOVERY_SKIP_MIDDLEWARES, or True.
        """
        if self._recovery_skips_middleware is None:
            return switch("SIO_RECOVERY_SKIP_MIDDLEWARES", True)
        return self._recovery_skips_middleware

    @recovery_skips_middleware.setter
    def recovery_skips_middleware(self, skips: bool) -> None:
        self._recovery_skips_middleware = skips

    @property
    def allow_private_rooms(self) -> bool:
        """Whether a socket may join a room that is named as another client's id, and so receive
        what is sent to that client. Node allows it.

        Where it was not set: Django's setting SIO_ALLOW_PRIVATE_ROOMS, or False.
        """
        if self._allow_private_rooms is None:
            return switch("SIO_ALLOW_PRIVATE_ROOMS", False)
        return self._allow_private_rooms

    @allow_private_rooms.setter
    def allow_private_rooms(self, allow: bool) -> None:
        self._allow_private_rooms = allow

    @property
    def ack_unknown_events(self) -> bool:
        """Whether an event without a handler is acknowledged, with its own arguments, if its client
        asks for that. If not, its client gets no answer, as from Node.

        Where it was not set: Django's setting SIO_ACK_UNKNOWN_EVENTS, or True.
        """
        if self._ack_unknown_events is None:
            return switch("SIO_ACK_UNKNOWN_EVENTS", True)
        return self._ack_unknown_events

    @ack_unknown_events.setter
    def ack_unknown_events(self, acknowledge: bool) -> None:
        self._ack_unknown_events = acknowledge
