"""What is wrong with the options that somebody gave."""

from __future__ import annotations


class UsageError(Exception):
    """Bad usage: the command shows the message and exits with 2."""
