"""The argument `tls` of the native core, from the options and the endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sioserve.options.endpoints import DEFAULT_HOST, Endpoint, FdEndpoint, TcpEndpoint
from sioserve.options.errors import UsageError
from sioserve.options.kinds import SECONDS
from sioserve.options.sources import Value
from sioserve.options.table import tls as table
from sioserve.tls import TlsSettings


def has_certificates(values: Mapping[str, Any]) -> bool:
    """Whether endpoints use TLS unless they say otherwise."""
    return values["tls_cert"] is not None or values["tls_dir"] is not None


def tls_settings(
    values: Mapping[str, Any], endpoints: Sequence[Endpoint]
) -> dict[str, TlsSettings]:
    """Empty without TLS."""
    certificates = _certificates_of(endpoints)
    if values["tls_cert"] is not None:
        certificates.insert(0, (values["tls_cert"], values["tls_key"] or ""))
    if not certificates and values["tls_dir"] is None:
        return {}
    settings: TlsSettings = {
        "certificates": tuple(dict.fromkeys(certificates)),
        "directory": values["tls_dir"] or "",
        "key_password": values["tls_key_password"] or "",
        "client_ca": values["tls_client_ca"] or "",
        "client_certificates": values["tls_client_certs"],
        "min_version": values["tls_min_version"],
        "ciphers": values["tls_ciphers"] or "",
        "handshake_timeout_ms": SECONDS.to_setting(values["timeout_tls_handshake"]),
        "max_handshakes": values["limit_tls_handshakes"],
        "hsts": values["hsts"],
    }
    if values["redirect_https"] is not None:
        _, target = values["redirect_https"]
        if target is None:
            target = _https_endpoints(endpoints)[0].port
        settings["redirect_port"] = target
    return {"tls": settings}


def with_redirect(values: Mapping[str, Any], endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints, and those of --redirect-https, which have the hosts of HTTPS. Raises
    UsageError.
    """
    if values["redirect_https"] is None:
        return tuple(endpoints)
    port, target = values["redirect_https"]
    https = _https_endpoints(endpoints)
    if not https and (target is None or not any(_uses_tls(one) for one in endpoints)):
        raise UsageError("--redirect-https needs an address with HTTPS, or PORT:TARGET and --fd")
    if target is None and https[0].port == 0:
        raise UsageError("--redirect-https needs PORT:TARGET, because any free port has HTTPS")
    hosts = dict.fromkeys(one.host for one in https) or {DEFAULT_HOST: None}
    return (*endpoints, *(TcpEndpoint(host, port, "redirect") for host in hosts))


def refuse_idle_tls(
    given: Mapping[str, Value], values: Mapping[str, Any], endpoints: Sequence[Endpoint]
) -> None:
    """Options that have no effect. Raises UsageError."""
    if "tls_key" in given and "tls_cert" not in given:
        raise UsageError(f"{given['tls_key'].name} does nothing without --tls-cert")
    if not has_certificates(values) and not _certificates_of(endpoints):
        for option in table.GROUP.options:
            if option.attribute in given:
                raise UsageError(
                    f"{given[option.attribute].name} does nothing without --tls-cert or --tls-dir"
                )
    # Without --tls-client-certs, the authorities have no effect, as in uvicorn.
    if values["tls_client_certs"] != "none" and values["tls_client_ca"] is None:
        raise UsageError(f"{given['tls_client_certs'].name} needs --tls-client-ca")


def _https_endpoints(endpoints: Sequence[Endpoint]) -> list[TcpEndpoint]:
    return [one for one in endpoints if isinstance(one, TcpEndpoint) and _uses_tls(one)]


def _uses_tls(endpoint: Endpoint) -> bool:
    return isinstance(endpoint, TcpEndpoint | FdEndpoint) and endpoint.service == "https"


def _certificates_of(endpoints: Sequence[Endpoint]) -> list[tuple[str, str]]:
    tcp = [one for one in endpoints if isinstance(one, TcpEndpoint)]
    return [one.certificate for one in tcp if one.certificate is not None]
