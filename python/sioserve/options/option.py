"""Option: the definition of one option for all its sources, the help and the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sioserve.options.kinds import BOOLEAN, Kind

PREFIX = "SIOSERVE_"


class Option(NamedTuple):
    """One row of the table.

    Attributes:
        name: the long option without its dashes; the environment variable, the key in a file and
            the attribute of `Options` are derived from it.
        aliases: further options with the same meaning ("-p", "--host").
        switches: options without a value, and the text that each means. A BOOLEAN option without
            switches of its own is a switch itself, and so is its "--no-" form.
        bare: the text that the option means without a value.
        repeatable: all values are used, instead of the last one.
        separator: separates several values in an environment variable.
        default: a value as `kind.parse` returns it; None if there is none.
        shown_default: text in the help instead of `default`; "" for nothing.
        setting: the keyword argument of `_sioserve.Server` for this option.
    """

    name: str
    kind: Kind
    help: str
    aliases: tuple[str, ...] = ()
    switches: Mapping[str, str] = MappingProxyType({})
    bare: str | None = None
    repeatable: bool = False
    separator: str = ","
    default: Any = None
    shown_default: str | None = None
    setting: str | None = None
    positional: bool = False

    @property
    def attribute(self) -> str:
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        return variable(self.name)

    @property
    def flags(self) -> tuple[str, ...]:
        """The options that take a value: short ones first, then the name."""
        own = f"--{self.name}"
        if self.positional or own in self.switches:
            return ()
        short = [flag for flag in self.aliases if not flag.startswith("--")]
        long = [flag for flag in self.aliases if flag.startswith("--")]
        return (*short, own, *long)

    def to_setting(self, value: Any) -> Any:
        """A value as the setting takes it: times in milliseconds."""
        if self.repeatable:
            return tuple(self.kind.to_setting(one) for one in value)
        return self.kind.to_setting(value)

    @property
    def default_text(self) -> str:
        """The default in words, as the help and the documentation show it."""
        if self.shown_default is not None:
            return self.shown_default
        if self.default is None or self.default == ():
            return ""
        if isinstance(self.default, bool):
            return "on" if self.default else "off"
        if isinstance(self.default, float):
            return f"{self.default:g}"
        if isinstance(self.default, tuple):
            return ",".join(map(str, self.default))
        return str(self.default)


class Group(NamedTuple):
    """Options that the help shows together."""

    title: str
    options: tuple[Option, ...]


def switch(name: str, description: str, **settings: Any) -> Option:
    """An option that is on or off: --name and --no-name."""
    switches = {f"--{name}": "true", f"--no-{name}": "false"}
    return Option(name, BOOLEAN, description, switches=switches, **settings)


def variable(name: str) -> str:
    return PREFIX + name.replace("-", "_").upper()
