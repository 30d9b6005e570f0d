"""Given: one value that somebody gave for an option; and how a source's values are read.

A source is the command line, the environment or a file. Each lists what it was given as texts, with
the words in which it was given, so that an error names them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from sioserve.options.errors import UsageError
from sioserve.options.option import Option


@dataclasses.dataclass(frozen=True)
class Given:
    """`text` was given for `option`; `name` is what the person wrote: "--port", "SIOSERVE_PORT"."""

    option: Option
    name: str
    text: str


def read(source: Iterable[Given]) -> dict[str, Any]:
    """One source's values by the options' attributes. Raises UsageError."""
    by_option: dict[str, list[Given]] = {}
    for given in source:
        by_option.setdefault(given.option.attribute, []).append(given)
    return {attribute: _value(all_given) for attribute, all_given in by_option.items()}


def _value(all_given: list[Given]) -> Any:
    option = all_given[0].option
    values = [parse(given) for given in all_given]
    if option.repeatable:
        return tuple(values)
    # A value that comes later overrules the ones before it, as people expect who append options to
    # somebody else's command. A switch against its opposite or against a value is a mistake.
    for given, value in zip(all_given, values, strict=True):
        last = all_given[-1]
        switched = given.name in option.switches or last.name in option.switches
        if switched and given.name != last.name and value != values[-1]:
            raise UsageError(f"{given.name} and {last.name} contradict each other")
    return values[-1]


def parse(given: Given) -> Any:
    try:
        return given.option.kind.parse(given.text)
    except ValueError as error:
        raise UsageError(f"{given.name}: {error}") from None
