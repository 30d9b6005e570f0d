"""Options from a TOML file: each long option without its dashes is a key at the top."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from sioserve.options.errors import UsageError
from sioserve.options.kinds import LIST, MODE
from sioserve.options.option import Option
from sioserve.options.sources import KEYS, Given, by_name, nearest

# They are needed before the file is read.
NOT_IN_A_FILE = ("config", "env-file")


def read_toml(path: str) -> list[Given]:
    """The given options. Raises UsageError."""
    given = []
    for written, value in _load(path).items():
        name = f"{path}: {written}"
        key = written.replace("_", "-")
        if key in NOT_IN_A_FILE:
            raise UsageError(
                f"{name} can't be given in a file, only as --{key} or in the environment"
            )
        if key not in KEYS:
            raise UsageError(f"{name} is no option{nearest(key, list(KEYS))}")
        option, _ = KEYS[key]
        given += [by_name(key, name, text) for text in _texts(option, name, value)]
    return [one for one in given if one is not None]


def _load(path: str) -> Mapping[str, Any]:
    # Only now: most servers start without such a file.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"the file {path} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None


def _texts(option: Option, name: str, value: Any) -> list[str]:
    """The value as texts in the form of the command line."""
    if option.repeatable:
        if isinstance(value, dict) and option.kind.pair_mark:
            pairs = value.items()
            return [f"{key}{option.kind.pair_mark}{_text(name, one)}" for key, one in pairs]
        return [_text(name, one) for one in (value if isinstance(value, list) else [value])]
    if option.kind is LIST and isinstance(value, list):
        return [",".join(_text(name, one) for one in value)]
    if option.kind is MODE and not isinstance(value, str):
        raise UsageError(f'{name}: write the mode as a string, "660"')
    return [_text(name, value)]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool | int | float | str):
        return str(value)
    raise UsageError(f"{name} takes one value, not {_described(value)}")


def _described(value: Any) -> str:
    if isinstance(value, list):
        return "several"
    return "a table" if isinstance(value, dict) else "a date or time"
