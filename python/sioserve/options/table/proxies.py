"""Options: proxies in front of the server, and the client data that they send."""

from __future__ import annotations

from sioserve.options.kinds import HEADER_NAME, LIST
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "Behind a proxy",
    (
        switch(
            "proxy-headers",
            "accept Forwarded and X-Forwarded-* from the proxies in --forwarded-allow-ips",
            default=False,
            setting="forwarded_headers",
        ),
        Option(
            "forwarded-allow-ips",
            LIST,
            'trusted proxies, separated by commas: addresses and networks, "unix" for Unix '
            'sockets, "*" for all',
            default=("127.0.0.1", "::1", "unix"),
            setting="trusted_proxies",
        ),
        Option(
            "proxy-headers-host",
            HEADER_NAME,
            "header with the client's address, instead of X-Forwarded-For",
            default="X-Forwarded-For",
            setting="forwarded_for_header",
        ),
        Option(
            "proxy-headers-port",
            HEADER_NAME,
            "header with the client's port, instead of X-Forwarded-Port",
            default="X-Forwarded-Port",
            setting="forwarded_port_header",
        ),
        switch(
            "proxy-protocol",
            "connections begin with a PROXY protocol header, version 1 or 2",
            default=False,
            setting="proxy_protocol",
        ),
    ),
)
