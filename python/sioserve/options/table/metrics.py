"""Options: metrics and health checks."""

from __future__ import annotations

from sioserve.options.kinds import ADDRESS, LIST, URL_PATH
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "Metrics",
    (
        Option(
            "metrics",
            ADDRESS,
            "answer /metrics (for Prometheus), /healthz and /readyz on this address",
            shown_default="none",
        ),
        Option(
            "metrics-path",
            URL_PATH,
            "answer this path on the server's own addresses with the metrics, for the clients of "
            "--metrics-trusted",
            shown_default="none",
            setting="metrics_path",
        ),
        Option(
            "metrics-trusted",
            LIST,
            "clients that get the metrics at --metrics-path, separated by commas: as for "
            "--forwarded-allow-ips",
            default=("127.0.0.1", "::1", "unix"),
            setting="metrics_trusted",
        ),
        switch(
            "metrics-require-redis",
            "/readyz is 503 while the server of --redis is not connected",
            default=False,
            setting="metrics_require_redis",
        ),
    ),
)
