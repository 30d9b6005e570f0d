"""Failures that end the command with one sentence instead of a traceback."""

from __future__ import annotations


class StartupError(Exception):
    """The server can't start; the message is a sentence for the terminal.

    If the application raised, that exception is the `__cause__`, and its traceback is shown before
    the sentence.
    """


class ListenError(StartupError):
    """The server can't listen on an address."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the command before connections were accepted; `status` is its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
