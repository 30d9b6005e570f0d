"""Options: TLS."""

from __future__ import annotations

from sioserve.options.kinds import (
    CLIENT_CERTIFICATES,
    DIRECTORY,
    FILE,
    NUMBER,
    REDIRECT,
    SECONDS,
    TEXT,
    choice,
    named,
)
from sioserve.options.option import Group, Option

GROUP = Group(
    "TLS",
    (
        Option(
            "tls-cert",
            FILE,
            "serve HTTPS with this certificate and its chain (PEM); reloaded when it changes",
            aliases=("--ssl-certfile",),
        ),
        Option(
            "tls-key",
            FILE,
            "the certificate's private key (PEM), if it is not in the same file",
            aliases=("--ssl-keyfile",),
        ),
        Option(
            "tls-key-password",
            named(TEXT, "PASSWORD"),
            "password of encrypted private keys",
            aliases=("--ssl-keyfile-password",),
        ),
        Option(
            "tls-dir",
            DIRECTORY,
            "serve HTTPS with the certificates in DIR, by the host that the client asks for: "
            "NAME.crt and NAME.key, or NAME/fullchain.pem and NAME/privkey.pem",
        ),
        Option(
            "tls-client-certs",
            CLIENT_CERTIFICATES,
            "whether clients may or must have certificates",
            aliases=("--ssl-cert-reqs",),
            default="none",
        ),
        Option(
            "tls-client-ca",
            FILE,
            "the authorities that sign clients' certificates (PEM)",
            aliases=("--ssl-ca-certs",),
        ),
        Option(
            "tls-min-version",
            choice("1.2", "1.3"),
            "oldest version of TLS that is allowed",
            default="1.2",
        ),
        Option(
            "tls-ciphers",
            named(TEXT, "LIST"),
            "ciphers of TLS 1.2, as OpenSSL names them",
            aliases=("--ssl-ciphers",),
            shown_default="those with forward secrecy and AEAD",
        ),
        Option(
            "redirect-https",
            REDIRECT,
            "listen on PORT too and redirect its requests to HTTPS; with TARGET, to this port "
            "instead of the one that listens",
        ),
        Option(
            "hsts",
            NUMBER,
            "seconds for which browsers use only HTTPS for this host "
            "(Strict-Transport-Security); 0 for no such header",
            default=0,
        ),
        Option(
            "timeout-tls-handshake",
            SECONDS,
            "timeout from the start of a connection to the end of its TLS handshake",
            default=10.0,
        ),
        Option(
            "limit-tls-handshakes",
            NUMBER,
            "TLS handshakes under way at the same time; others wait",
            default=512,
        ),
    ),
)
