"""Options from environment variables: SIOSERVE_HTTP_TIMEOUT for --http-timeout."""

from __future__ import annotations

from collections.abc import Mapping

from sioserve.options.option import PREFIX, variable
from sioserve.options.sources import KEYS, Given, by_name, nearest

# uvicorn's and gunicorn's own name for it.
FORWARDED_ALLOW_IPS = "FORWARDED_ALLOW_IPS"


def read_environment(environ: Mapping[str, str]) -> list[Given]:
    """The given options. An empty variable is ignored. Raises UsageError."""
    keys = {variable(key): key for key in KEYS}
    given = []
    for name, text in environ.items():
        if text and name in keys and not _is_kubernetes(name, text):
            option, stands_for = KEYS[keys[name]]
            several = option.repeatable and stands_for is None
            for one in text.split(option.separator) if several else [text]:
                given.append(by_name(keys[name], name, one.strip()))
    if variable("forwarded-allow-ips") not in environ and environ.get(FORWARDED_ALLOW_IPS):
        text = environ[FORWARDED_ALLOW_IPS]
        given.append(by_name("forwarded-allow-ips", FORWARDED_ALLOW_IPS, text))
    return [one for one in given if one is not None]


def warnings_about(environ: Mapping[str, str]) -> list[str]:
    """Warnings about variables that look like options but are not.

    They are not errors, because an environment often serves several commands. Kubernetes, for
    example, sets SIOSERVE_SERVICE_HOST and SIOSERVE_PORT=tcp://... for a service "sioserve".
    """
    variables = {variable(key): key for key in KEYS}
    return [
        f"The environment variable {name} is no option and does nothing"
        + nearest(name, [other for other in variables if other not in environ])
        for name, text in environ.items()
        if name.startswith(PREFIX) and (name not in variables or _is_kubernetes(name, text))
    ]


def _is_kubernetes(name: str, text: str) -> bool:
    return name == variable("port") and text.startswith("tcp://")
