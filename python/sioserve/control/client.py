"""One request to a running server."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from typing import Any

from sioserve.control.requests import LONGEST_ANSWER, Command, RequestFailed, to_line
from sioserve.processes import peer_of


class NoServer(Exception):
    """No server could be reached, or it does not answer; the message is a sentence."""


def ask(path: str, request: Command, timeout: float) -> Any:
    """The result of the request.

    The server has `timeout` seconds to begin; then a reload takes as long as it needs. A stop
    returns when the server has ended. Raises NoServer, RequestFailed.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(path)
            server = _process_of(connection)
            connection.sendall(to_line({"request": request}))
            messages = _Messages(connection)
            first = messages.next()
            if "error" in first:
                raise RequestFailed(first["error"])
            connection.settimeout(timeout if request == "status" else None)
            answer = messages.next()
        except FileNotFoundError:
            raise NoServer(
                f"there is no control socket {path}: no server runs there, or it has no --control "
                "(docs/workers.md#status-and-control)"
            ) from None
        except ConnectionRefusedError:
            raise NoServer(f"no server listens on the control socket {path}") from None
        except (TimeoutError, BlockingIOError):  # or its backlog is full
            raise NoServer(f"the server at {path} does not answer within {timeout:g} s") from None
        except OSError as error:
            reason = error.strerror or error
            raise NoServer(f"the control socket {path} can't be used: {reason}") from None
        if "error" in answer:
            raise RequestFailed(answer["error"])
        if request == "stop":
            _wait_for_end(server, connection)
        return answer.get("result")


class _Messages:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    def next(self) -> dict[str, Any]:
        while b"\n" not in self._received:
            part = self._connection.recv(65_536)
            if not part:
                raise NoServer("the server has ended, or has too many connections")
            self._received += part
            if len(self._received) > LONGEST_ANSWER:
                raise NoServer("the answer is too long for a server of sioserve")
        line, _, self._received = self._received.partition(b"\n")
        with contextlib.suppress(ValueError, RecursionError):
            message = json.loads(line)
            if isinstance(message, dict):
                return message
        raise NoServer("the answer is not that of a server of sioserve")


def _process_of(connection: socket.socket) -> int | None:
    """A descriptor of the server's process; None in another PID namespace."""
    pid = peer_of(connection)
    try:
        return os.pidfd_open(pid) if pid > 0 else None
    except OSError:
        return None


def _wait_for_end(server: int | None, connection: socket.socket) -> None:
    # The connection ends a moment before the process, or later if a forked child has it too.
    poll = select.poll()
    poll.register(connection if server is None else server, select.POLLIN)
    poll.poll()
    if server is not None:
        os.close(server)
