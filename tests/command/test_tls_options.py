"""The options of TLS, and uvicorn's and daphne's names for them."""

from __future__ import annotations

from typing import Any

import _sioserve
import pytest
from sioserve.options import FdEndpoint, TcpEndpoint, UnixEndpoint, UsageError, resolve
from sioserve.options.table import tls

PAIR = ("--tls-cert", "a.crt", "--tls-key", "a.key")
ALL = (
    *PAIR,
    *("--tls-key-password", "secret", "--tls-client-ca", "ca.crt"),
    *("--tls-client-certs", "required", "--tls-ciphers", "HIGH"),
)


def settings_of(*line: str, **environ: str) -> Any:
    return resolve(["module:application", *line], environ).settings.get("tls")


def test_without_certificates_there_is_no_tls() -> None:
    options = resolve(["module:application"], {})
    assert "tls" not in options.settings
    assert options.endpoints == (TcpEndpoint(),)


def test_the_settings_of_the_core() -> None:
    assert settings_of(
        *ALL,
        *("--tls-dir", "certificates", "--tls-min-version", "1.3"),
        *("--timeout-tls-handshake", "2.5", "--limit-tls-handshakes", "7"),
    ) == {
        "certificates": (("a.crt", "a.key"),),
        "directory": "certificates",
        "key_password": "secret",
        "client_ca": "ca.crt",
        "client_certificates": "required",
        "min_version": "1.3",
        "ciphers": "HIGH",
        "handshake_timeout_ms": 2500,
        "max_handshakes": 7,
        "hsts": 0,
    }


def test_uvicorn_s_names_mean_the_same() -> None:
    assert settings_of(*ALL) == settings_of(
        *("--ssl-certfile", "a.crt", "--ssl-keyfile", "a.key"),
        *("--ssl-keyfile-password", "secret", "--ssl-ca-certs", "ca.crt"),
        *("--ssl-cert-reqs", "2", "--ssl-ciphers", "HIGH"),
    )


def test_the_environment() -> None:
    assert settings_of(SIOSERVE_TLS_CERT="a.pem", SIOSERVE_TLS_KEY_PASSWORD="secret") == (
        settings_of("--tls-cert", "a.pem", "--tls-key-password", "secret")
    )


def test_which_endpoints_use_tls() -> None:
    options = resolve(
        [
            "module:application",
            *("--tls-dir", "certificates", "--bind", "0.0.0.0:443", "--fd", "5"),
            *("--unix-socket", "a.sock", "--endpoint", "tcp:80:interface=127.0.0.1"),
        ],
        {},
    )
    assert options.endpoints == (
        TcpEndpoint("127.0.0.1", 80, "http"),
        TcpEndpoint("0.0.0.0", 443, "https"),
        UnixEndpoint("a.sock"),
        FdEndpoint(5, "https"),
    )


def test_daphne_s_endpoint() -> None:
    options = resolve(
        ["-e", "ssl:443:privateKey=a.key:certKey=a.crt", "-b", "127.0.0.1", "module:application"],
        {},
    )
    assert options.endpoints == (
        TcpEndpoint("0.0.0.0", 443, "https", ("a.crt", "a.key")),
        TcpEndpoint("127.0.0.1", 8000, "http"),
    )
    assert options.settings["tls"]["certificates"] == (("a.crt", "a.key"),)
    (alone,) = resolve(["-e", "ssl:port=443:privateKey=a.pem", "m:a"], {}).endpoints
    assert alone[3] == ("a.pem", "a.pem")


def test_a_redirect_from_http() -> None:
    options = resolve(
        [*PAIR, "-b", "0.0.0.0:443", "-b", "[::]:443", "--redirect-https", "80", "m:a"], {}
    )
    assert options.endpoints[2:] == (
        TcpEndpoint("0.0.0.0", 80, "redirect"),
        TcpEndpoint("::", 80, "redirect"),
    )
    assert options.settings["tls"]["redirect_port"] == 443
    mapped = resolve([*PAIR, "-p", "8443", "--redirect-https", "8080:443", "m:a"], {})
    assert mapped.settings["tls"]["redirect_port"] == 443


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--tls-key a.key", "--tls-key does nothing without --tls-cert"),
        ("--tls-ciphers HIGH", "--tls-ciphers does nothing without --tls-cert or --tls-dir"),
        ("--tls-cert a --tls-client-certs optional", "--tls-client-certs needs --tls-client-ca"),
        ("--tls-cert a --ssl-cert-reqs 3", '--ssl-cert-reqs: "3" is not one of none, optional'),
        ("--redirect-https 80", "--redirect-https does nothing without --tls-cert"),
        ("--tls-cert a --port 0 --redirect-https 80", "needs PORT:TARGET"),
        ("--tls-cert a --unix-socket a --redirect-https 80", "needs an address with HTTPS"),
        ("-e ssl:443:privateKey=a:extraCertChain=b", "put the chain into the file of certKey"),
        ("-e ssl:443:sslmethod=TLSv1_METHOD", "use --tls-min-version"),
    ],
)
def test_options_that_contradict_each_other(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(["module:application", *line.split()], {})


def test_the_defaults_are_those_of_the_core() -> None:
    # config.h has them too: TlsConfig.
    defaults = {option.name: option.default for option in tls.GROUP.options if option.default}
    assert defaults == {
        "tls-client-certs": "none",
        "tls-min-version": "1.2",
        "timeout-tls-handshake": 10.0,
        "limit-tls-handshakes": 512,
    }


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"nonsense": 1}, "an unknown setting: nonsense"),
        ({"client_certificates": "maybe"}, "must be one of: none, optional, required"),
        ({"max_handshakes": -1}, "max_handshakes: must not be negative"),
        ({"certificates": [("a",)]}, "must hold pairs of str"),
        ([], "must be a dict"),
    ],
)
def test_the_core_checks_its_settings(setting: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        _sioserve.Server(None, tls=setting)
