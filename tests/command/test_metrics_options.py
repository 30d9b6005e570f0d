"""--metrics and the options that belong to it."""

from __future__ import annotations

import pytest
from sioserve.options import Options
from sioserve.options.errors import UsageError
from sioserve.options.resolve import resolve


def options(*arguments: str) -> Options:
    return resolve(["project:application", *arguments], {})


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9100", ("127.0.0.1", 9100)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:9100", ("::1", 9100)),
        ("[::]:65535", ("::", 65535)),
    ],
)
def test_an_address_has_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert options("--metrics", text).metrics == address


@pytest.mark.parametrize(
    "text", ["9100", ":9100", "127.0.0.1", "::1:9100", "[::1]", "a:b", "a:65536"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--metrics"):
        options("--metrics", text)


def test_requests_are_measured_if_the_metrics_can_be_read() -> None:
    assert options().settings["metrics"] is False
    assert options("--metrics", "127.0.0.1:0").settings["metrics"] is True
    assert options("--metrics-path", "/metrics").settings["metrics"] is True


@pytest.mark.parametrize("option", ["--metrics-trusted=10.0.0.1", "--metrics-require-redis"])
def test_an_option_without_effect_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match=r"does nothing without --metrics"):
        options(option)
