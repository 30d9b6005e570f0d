"""Errors in the given options."""

from __future__ import annotations


class UsageError(Exception):
    """Wrong options: the command prints the message and exits with 2."""
