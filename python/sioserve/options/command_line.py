"""The command line, as argparse reads it from the table of options."""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Sequence
from typing import Any, NoReturn

from sioserve import __version__
from sioserve.options.elsewhere import reason_for
from sioserve.options.errors import UsageError
from sioserve.options.option import Option
from sioserve.options.sources import Given, nearest
from sioserve.options.table import GROUPS, OPTIONS
from sioserve.pages import folder_of_pages

APPLICATION = re.compile(r"[\w.]+:[\w.]+")
WIDEST = 100  # columns of the help


def read_command_line(arguments: Sequence[str]) -> list[Given]:
    """The given options, in order. Raises UsageError; SystemExit for --help and --version."""
    namespace, unknown = _parser().parse_known_args(_with_bare_values(arguments))
    if unknown:
        raise UsageError(_about_unknown(unknown))
    given: list[Given] = getattr(namespace, "given", [])
    return given


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(re.sub(r"^argument (?:\S+/)*(-\S+): ", r"\1: ", message))


class _Record(argparse.Action):
    """Adds a Given to the namespace instead of converting and overwriting."""

    def __init__(self, *, option: Option, **settings: Any) -> None:
        self.option = option
        super().__init__(default=argparse.SUPPRESS, **settings)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        by_switch = option_string in self.option.switches
        text = self.option.switches[option_string] if by_switch else values
        if text is None:  # an application that is left out
            return
        name = option_string or self.option.kind.metavar
        given = Given(self.option, name, text, by_switch)
        namespace.given = [*getattr(namespace, "given", []), given]


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="sioserve",
        usage="%(prog)s [options] APPLICATION",
        description="Serve an ASGI application over HTTP, WebSocket and Socket.IO.",
        epilog="The commands sioserve status, reload and stop talk to a running server; see "
        "sioserve status --help. "
        "Each option can also be given as an environment variable (--http-timeout as "
        "SIOSERVE_HTTP_TIMEOUT) and as a key of the file that --config names (http-timeout). "
        "The command line overrides the environment, which overrides the file." + _pages(),
        formatter_class=_Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    for group in GROUPS:
        section = parser.add_argument_group(group.title)
        for option in group.options:
            _add(section, option)
    section = parser.add_argument_group("Help")
    section.add_argument("--help", "-h", action="help", help="show this and exit")
    section.add_argument(
        "--version", action="version", version=f"sioserve {__version__}", help="show it and exit"
    )
    return parser


def _pages() -> str:
    folder = folder_of_pages()
    return (
        f"\nThe pages that messages name, such as docs/tls.md, are in\n{folder}" if folder else ""
    )


def _add(section: argparse._ArgumentGroup, option: Option) -> None:
    text = option.help.replace("%", "%%")
    default = option.default_text.replace("%", "%%")
    shown = f"{text} (default: {default})" if default else text
    if option.positional:
        section.add_argument(
            option.name,
            nargs="?",
            metavar=option.kind.metavar,
            action=_Record,
            option=option,
            help=shown,
        )
        return
    if option.flags:
        section.add_argument(
            *option.flags,
            dest=option.attribute,
            metavar=option.kind.metavar,
            nargs=None if option.bare is None else "?",
            const=option.bare,
            action=_Record,
            option=option,
            help=shown,
        )
    if option.switches:
        section.add_argument(
            *option.switches,
            dest=option.attribute,
            nargs=0,
            action=_Record,
            option=option,
            help=f"the opposite of --{option.name}" if option.flags else shown,
        )


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        width = min(shutil.get_terminal_size().columns - 2, WIDEST)
        super().__init__(prog, max_help_position=32, width=width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # The last lines stay as they are, so that the name of a folder is not broken.
        text, *rest = text.split("\n", 1)
        return "\n".join([super()._fill_text(text, width, indent), *rest])

    def _format_action_invocation(self, action: argparse.Action) -> str:
        # "-p, --port PORT", not "-p PORT, --port PORT".
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        metavar = self._format_args(action, action.dest.upper())
        return f"{', '.join(action.option_strings)} {metavar}"


def _with_bare_values(arguments: Sequence[str]) -> list[str]:
    """Allows an option with an optional value before the application.

    A text of the form module:attribute is the application; write a file of such a name with a
    slash, or after an equals sign.
    """
    bare = {f"--{option.name}": option.bare for option in OPTIONS if option.bare is not None}
    result = list(arguments)
    for index, argument in enumerate(result[:-1]):
        if argument in bare and APPLICATION.fullmatch(result[index + 1]):
            result[index] = f"{argument}={bare[argument]}"
    return result


def _about_unknown(unknown: Sequence[str]) -> str:
    options = [argument for argument in unknown if argument.startswith("-")]
    if not options:
        return f'"{unknown[0]}" is one argument too many: the application is named already'
    name = options[0].partition("=")[0]
    reason = reason_for(name)
    if reason is not None:
        return f"{name}: {reason}"
    return f"there is no option {name}{nearest(name, known_flags())}"


def known_flags() -> list[str]:
    flags = [flag for option in OPTIONS for flag in (*option.flags, *option.switches)]
    return [*flags, "--help", "--version"]
