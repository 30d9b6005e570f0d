"""The exceptions that handlers may raise, and that awaited answers raise."""

from __future__ import annotations

from typing import Any


class ConnectionRefused(Exception):
    """Raised by a connect handler to refuse the client with a message of your own.

    The client's `connect_error` gets an error with this `message` and, unless it is None, this
    `data` (a JSON value).
    """

    def __init__(self, message: str = "Not authorized", data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class EventRefused(Exception):
    """Raised by a socket's middleware to refuse an event before its handlers, or by a handler.

    A client that waits for an acknowledgement gets {"error": message}, with "data" (a JSON value)
    unless it is None. Nothing is logged.
    """

    def __init__(self, message: str = "Refused", data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data

    @property
    def answer(self) -> dict[str, Any]:
        """The acknowledgement for the client."""
        answer = {"error": self.message}
        return answer if self.data is None else {**answer, "data": self.data}


class TooManyRooms(RuntimeError):
    """A socket can't enter another room: it is in as many as --socketio-max-rooms allows."""


class AckTimeout(TimeoutError):
    """A client has not acknowledged an event in time, or has disconnected before.

    If several clients were asked, `responses` has the answers that arrived.
    """

    def __init__(self, message: str, responses: list[Any] | None = None) -> None:
        super().__init__(message)
        self.responses: list[Any] = [] if responses is None else responses


class ClusterBusy(RuntimeError):
    """The other servers of the cluster were not asked, because 10,000 requests of this server wait
    for their answers.

    Requests are fetch_sockets(), server_side_emit_with_ack(), and emits to several sockets that
    wait for acknowledgements. The clients of this server have got such an emit.
    """


class PublishError(RuntimeError):
    """Redis, or the server at a control socket, did not take what a process without a server emits;
    the message says why.

    It was not sent or, if the connection was lost just then, it is unknown whether it was. The next
    emit connects again.
    """
