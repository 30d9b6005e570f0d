"""The table of options agrees with the native core, and is consistent."""

from __future__ import annotations

import ast
import pathlib
from typing import Any

import _sioserve
import pytest
from sioserve.options import Options, server_arguments
from sioserve.options.table import OPTIONS

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The command itself decides whether there is an access log.
OWN_DEFAULTS = {"access_log", "access_log_path"}
# Settings that are not options of the command.
NOT_OPTIONS = {
    "state",
    "json_default",
    "graceful_timeout_ms",
    "metrics",  # of --metrics and --metrics-path
    "access_log",
    "access_log_path",
    "native_socketio",
    "ask_about_handshakes",
    "ask_about_origins",
    "namespaces",
    "allowed_hosts",
    "client_directory",
    "client_gone",
    "max_requests_reached",
    "python_processes",
    "stop_begun",
    "content_types",
    "extensions",
    "tls",
}


def settings_of_the_core() -> dict[str, Any]:
    """The keyword arguments of `_sioserve.Server` and their defaults."""
    module = ast.parse((ROOT / "python" / "_sioserve.pyi").read_text())
    (server,) = [
        node for node in module.body if isinstance(node, ast.ClassDef) and node.name == "Server"
    ]
    (init,) = [
        node
        for node in server.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    arguments = init.args
    return {
        argument.arg: ast.literal_eval(default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }


def with_setting() -> list[Any]:
    return [option for option in OPTIONS if option.setting is not None]


def test_every_setting_of_the_core_is_an_option() -> None:
    offered = {option.setting for option in with_setting()}
    assert set(settings_of_the_core()) - offered == NOT_OPTIONS


@pytest.mark.parametrize("option", with_setting(), ids=lambda option: option.name)
def test_an_option_has_the_default_of_its_setting(option: Any) -> None:
    if option.setting in OWN_DEFAULTS or option.default is None:
        pytest.skip("decided elsewhere")
    assert option.to_setting(option.default) == settings_of_the_core()[option.setting]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_a_default_is_a_valid_value(option: Any) -> None:
    if option.default in (None, ()):
        return
    text = str(option.default) if not isinstance(option.default, tuple) else option.default_text
    assert option.kind.parse(text) == option.default


def test_no_name_is_given_twice() -> None:
    flags = [flag for option in OPTIONS for flag in (*option.flags, *option.switches)]
    assert len(flags) == len(set(flags))


def test_options_without_anything_make_a_server() -> None:
    arguments = server_arguments(Options())

    _sioserve.Server(lambda scope, receive, send: None, None, **arguments)
