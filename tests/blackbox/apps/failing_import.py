"""Raises while it is imported."""

from __future__ import annotations


def prepare() -> None:
    raise LookupError("no configuration for this machine")


prepare()
