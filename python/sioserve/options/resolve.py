"""From what the sources were given to Options: precedence, defaults, contradictions."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any

from sioserve.options.command_line import read_command_line
from sioserve.options.endpoints import Endpoint, endpoints_from
from sioserve.options.errors import UsageError
from sioserve.options.sources import read
from sioserve.options.table import OPTIONS
from sioserve.options.values import Options

BELONG_TO_PYTHON = {field.name for field in dataclasses.fields(Options)}


def resolve(arguments: Sequence[str]) -> Options:
    """What the command is to do. Raises UsageError; SystemExit for --help and --version."""
    values = {option.attribute: option.default for option in OPTIONS}
    given = read(read_command_line(arguments))
    values.update(given)
    _refuse_contradictions(given, values)
    return Options(
        endpoints=_endpoints(values),
        settings=_settings(values),
        **{name: value for name, value in values.items() if name in BELONG_TO_PYTHON},
    )


def _refuse_contradictions(given: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    if not values["application"]:
        raise UsageError("no application is named: sioserve project.asgi:application")
    if values["workers"] > 1:
        raise UsageError("several workers are not there yet: --workers can only be 1")
    for name in ("proxy_headers_host", "proxy_headers_port"):
        if name in given and not values["proxy_headers"]:
            raise UsageError(f"--{name.replace('_', '-')} has no effect without --proxy-headers")
    if values["verbosity"] > 3:
        raise UsageError("--verbosity goes from 0 to 3")
    if values["limit_max_requests_jitter"] and not values["limit_max_requests"]:
        raise UsageError("--limit-max-requests-jitter has no effect without --limit-max-requests")


def _endpoints(values: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    try:
        return endpoints_from(
            hosts=values["bind"] or (),
            port=values["port"],
            unix_sockets=values["unix_socket"] or (),
            unix_socket_mode=values["unix_socket_mode"],
            fds=values["fd"] or (),
            strings=values["endpoint"] or (),
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments of `_sioserve.Server`."""
    settings = {}
    for option in OPTIONS:
        value = values[option.attribute]
        if option.setting is not None and value is not None:
            settings[option.setting] = option.to_setting(value)
    if not values["server_header"]:
        settings["server_header"] = ""
    if values["limit_max_requests"]:
        settings["max_requests"] += random.randint(0, values["limit_max_requests_jitter"])
    settings.update(_access_log(values))
    return settings


def _access_log(values: Mapping[str, Any]) -> dict[str, str]:
    target = values["access_log"]
    if target is None:  # as daphne has it
        target = "-" if values["verbosity"] >= 1 else "none"
    if target in ("none", "logging"):
        return {"access_log": target}
    if target == "-":
        return {"access_log": "stdout"}
    return {"access_log": "file", "access_log_path": target}
