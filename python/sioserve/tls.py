"""What the native server is told about TLS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class TlsSettings(TypedDict, total=False):
    """The argument `tls` of `_sioserve.Server`; TlsConfig in server/base/config.h has the
    defaults. Files are PEM.

    Attributes:
        certificates: files of a certificate with its chain, and of its key ("": the same file).
        directory: has more pairs: NAME.crt and NAME.key, or NAME/fullchain.pem and
            NAME/privkey.pem.
        client_ca: the authorities of clients' certificates.
        client_certificates: "none", "optional" or "required".
        min_version: "1.2" or "1.3".
        ciphers: of TLS 1.2, as OpenSSL names them.
        redirect_port: the port of the URLs to which listen_tcp(..., "redirect") redirects.
        hsts: seconds for Strict-Transport-Security; 0 for no such header.
    """

    certificates: Sequence[tuple[str, str]]
    directory: str
    key_password: str
    client_ca: str
    client_certificates: str
    min_version: str
    ciphers: str
    handshake_timeout_ms: int
    max_handshakes: int
    redirect_port: int
    hsts: int
