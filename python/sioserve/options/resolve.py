"""Makes Options from the sources: precedence, defaults, contradictions.

For each option, the command line overrides the environment, the environment overrides the file, and
the file overrides the default.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from sioserve.control.requests import COMMANDS
from sioserve.options.command_line import read_command_line
from sioserve.options.endpoints import ClusterEndpoint, Endpoint, endpoints_from
from sioserve.options.env_file import load_env_file
from sioserve.options.environment import read_environment, warnings_about
from sioserve.options.errors import UsageError
from sioserve.options.sources import Value, read
from sioserve.options.table import OPTIONS
from sioserve.options.tls_settings import (
    has_certificates,
    refuse_idle_tls,
    tls_settings,
    with_redirect,
)
from sioserve.options.toml_file import read_toml
from sioserve.options.values import Options

BELONG_TO_PYTHON = set(Options._fields)

# Options that have no effect without another one.
PROXY_DETAILS = ("proxy_headers_host", "proxy_headers_port")
CLUSTER_TLS = ("cluster_tls_cert", "cluster_tls_key", "cluster_tls_ca")
WORKER_DETAILS = (
    "reload_grace",
    "worker_max_rss",
    "worker_max_age",
    "worker_hang_timeout",
    "worker_start_timeout",
)
RELOAD_DETAILS = ("reload_dir", "reload_include", "reload_exclude", "reload_delay")


def resolve(
    arguments: Sequence[str],
    environ: MutableMapping[str, str] = os.environ,
    activated: Sequence[int] = (),
) -> Options:
    """The options of the command; an --env-file adds to `environ`.

    `activated`: descriptors from systemd's socket activation.

    Raises UsageError, StartupError for a missing package, SystemExit for --help and --version.
    """
    given = _collect(arguments, environ)
    values = {option.attribute: option.default for option in OPTIONS}
    values.update((attribute, one.value) for attribute, one in given.items())
    _refuse_contradictions(given, values)
    endpoints = _endpoints(values, activated)
    refuse_idle_tls(given, values, endpoints)
    return Options(
        endpoints=with_redirect(values, endpoints),
        cluster=_cluster(values),
        settings={**_settings(values), **tls_settings(values, endpoints)},
        warnings=(*warnings_about(environ), *_idle(given, values)),
        **{name: value for name, value in values.items() if name in BELONG_TO_PYTHON},
    )


def _collect(arguments: Sequence[str], environ: MutableMapping[str, str]) -> dict[str, Value]:
    command_line = read(read_command_line(arguments))
    env_file = command_line.get("env_file") or read(read_environment(environ)).get("env_file")
    if env_file is not None:
        load_env_file(env_file.value, environ)
    above_the_file = {**read(read_environment(environ)), **command_line}
    config = above_the_file.get("config")
    file = {} if config is None else read(read_toml(config.value))
    return {**file, **above_the_file}


def _refuse_contradictions(given: Mapping[str, Value], values: Mapping[str, Any]) -> None:
    if not values["application"]:
        raise UsageError("the application is missing: sioserve project.asgi:application")
    if values["application"] in COMMANDS:
        command = values["application"]
        raise UsageError(f"the word {command} comes first: sioserve {command} --control PATH")
    if not values["proxy_headers"]:
        _refuse_idle(given, PROXY_DETAILS, "--proxy-headers")
    if values["metrics"] is None:
        _refuse_idle(given, ("metrics_require_redis",), "--metrics")
    if not values["metrics_path"]:
        _refuse_idle(given, ("metrics_trusted",), "--metrics-path")
    if not values["limit_max_requests"]:
        _refuse_idle(given, ("limit_max_requests_jitter",), "--limit-max-requests")
    if not values["reload"]:
        # A file may have them for runs with --reload.
        typed = {name: one for name, one in given.items() if one.name.startswith("-")}
        _refuse_idle(typed, RELOAD_DETAILS, "--reload")
    if values["workers"] is None:
        _refuse_idle(given, WORKER_DETAILS, "--workers")
    elif values["reload"]:
        _refuse_pair(given, "reload", "workers")
    if values["cluster_listen"] is not None and values["cluster_secret"] is None:
        raise UsageError("--cluster-listen needs --cluster-secret")
    if values["redis_sharded"] and values["redis_format"] == "python-socketio":
        _refuse_pair(given, "redis_sharded", "redis_format")
    if {"server_header", "server_name"} <= given.keys() and (
        values["server_header"] != bool(values["server_name"])
    ):
        _refuse_pair(given, "server_header", "server_name")
    if values["access_log_json"] and values["access_log_format"]:
        _refuse_pair(given, "access_log_json", "access_log_format")
    if values["log_config"] and values["log_fmt"]:
        _refuse_pair(given, "log_config", "log_fmt")
    _refuse_parts_of_cluster_tls(given)


def _refuse_parts_of_cluster_tls(given: Mapping[str, Value]) -> None:
    for name in CLUSTER_TLS:
        if name in given and not given[name].value:
            raise UsageError(f"{given[name].name} names no file")
    if "cluster_listen" not in given:
        _refuse_idle(given, CLUSTER_TLS, "--cluster-listen")
    if "cluster_tls_cert" not in given:
        _refuse_idle(given, CLUSTER_TLS, "--cluster-tls-cert")
    elif "cluster_tls_ca" not in given:
        raise UsageError(f"{given['cluster_tls_cert'].name} needs --cluster-tls-ca")


def _idle(given: Mapping[str, Value], values: Mapping[str, Any]) -> list[str]:
    """Warnings about options without effect. Not errors: uvicorn has proxy headers on by
    default.
    """
    trusted = given.get("forwarded_allow_ips")
    asked = ("proxy_headers", "proxy_protocol", "limit_connections_per_address")
    if trusted is None or any(values[name] for name in asked):
        return []
    return [f"{trusted.name} does nothing without --proxy-headers"]


def _refuse_idle(given: Mapping[str, Value], names: Sequence[str], needed: str) -> None:
    for name in names:
        if name in given:
            raise UsageError(f"{given[name].name} does nothing without {needed}")


def _refuse_pair(given: Mapping[str, Value], first: str, second: str) -> None:
    raise UsageError(f"{given[first].name} and {given[second].name} contradict each other")


def _endpoints(values: Mapping[str, Any], activated: Sequence[int]) -> tuple[Endpoint, ...]:
    try:
        return endpoints_from(
            hosts=values["bind"] or (),
            port=values["port"],
            unix_sockets=values["unix_socket"] or (),
            unix_socket_mode=values["unix_socket_mode"],
            fds=values["fd"] or (),
            strings=values["endpoint"] or (),
            activated=activated,
            service="https" if has_certificates(values) else "http",
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def _cluster(values: Mapping[str, Any]) -> ClusterEndpoint | None:
    if values["cluster_listen"] is None:
        return None
    host, port = values["cluster_listen"]
    certificate, key, authorities = (values[name] for name in CLUSTER_TLS)
    tls = None if certificate is None else (certificate, key or "", authorities)
    return ClusterEndpoint(host, port, values["cluster_secret"], tls)


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments of `_sioserve.Server`."""
    settings = {}
    for option in OPTIONS:
        value = values[option.attribute]
        if option.setting is not None and value is not None:
            settings[option.setting] = option.to_setting(value)
    if not values["server_header"]:
        settings["server_header"] = ""
    if values["workers"] is not None:
        settings["max_requests"] = 0  # it is a limit of each Python process
    elif values["limit_max_requests"]:
        settings["max_requests"] += random.randint(0, values["limit_max_requests_jitter"])
    settings["metrics"] = values["metrics"] is not None or values["metrics_path"] is not None
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
