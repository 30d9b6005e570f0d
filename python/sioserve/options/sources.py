"""Given: one given value of an option; and how the values of a source are read.

A source is the command line, the environment or a file. Each lists its values as texts, with the
name as the user wrote it, for error messages.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sioserve.options.errors import UsageError
from sioserve.options.kinds import BOOLEAN
from sioserve.options.option import Option
from sioserve.options.table import OPTIONS


class Given(NamedTuple):
    """`text` was given for `option`; `name` is the name in the source: "--port",
    "SIOSERVE_PORT".
    """

    option: Option
    name: str
    text: str
    by_switch: bool = False


class Value(NamedTuple):
    """The value of an option in one source; `name` is the name in the source."""

    value: Any
    name: str


def read(source: Iterable[Given]) -> dict[str, Value]:
    """One source's values by the options' attributes. Raises UsageError."""
    by_option: dict[str, list[Given]] = {}
    for given in source:
        by_option.setdefault(given.option.attribute, []).append(given)
    return {attribute: _value(all_given) for attribute, all_given in by_option.items()}


def by_name(key: str, name: str, text: str) -> Given | None:
    """The Given for `text` and the option `key`, a long option without its dashes.

    None where a switch is set to false. Raises KeyError for an unknown key, UsageError.
    """
    option, stands_for = KEYS[key]
    if stands_for is None:
        return Given(option, name, text)
    truth = _parsed(BOOLEAN.parse, name, text)
    if truth:
        return Given(option, name, stands_for, by_switch=True)
    if option.kind is BOOLEAN:
        return Given(option, name, str(not BOOLEAN.parse(stands_for)), by_switch=True)
    return None


def nearest(name: str, names: Sequence[str]) -> str:
    """'; did you mean X?' or nothing."""
    found = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _value(all_given: list[Given]) -> Value:
    option, last = all_given[-1].option, all_given[-1]
    values = [_parsed(option.kind.parse, given.name, given.text) for given in all_given]
    if option.repeatable:
        return Value(tuple(values), last.name)
    # A later value replaces the earlier ones, so that options can be appended to an existing
    # command. A
    # switch together with its opposite or with a value is an error.
    for given, value in zip(all_given, values, strict=True):
        switched = given.by_switch or last.by_switch
        if switched and given.name != last.name and value != values[-1]:
            raise UsageError(f"{given.name} and {last.name} contradict each other")
    return Value(values[-1], last.name)


def _parsed(parse: Any, name: str, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


def _keys() -> dict[str, tuple[Option, str | None]]:
    keys: dict[str, tuple[Option, str | None]] = {}
    for option in OPTIONS:
        keys[option.name] = (option, None)
        for flag in option.flags:
            if flag.startswith("--"):
                keys[flag[2:].replace("_", "-")] = (option, None)
        for flag, stands_for in option.switches.items():
            keys[flag[2:]] = (option, stands_for)
    return keys


# Long options without their dashes: the option, and the text of a switch.
KEYS = _keys()
