"""How the time of a stop, `timeout_graceful_shutdown`, is divided."""

from __future__ import annotations

from sioserve.options import Options

APPLICATION_SHARE = 0.25  # share of the stop timeout that is reserved for application and lifespan
LONGEST_SHARE = 4.0  # longest reserved time, in seconds


def application_share(options: Options) -> float:
    """Seconds for handlers, requests without clients, and the lifespan."""
    return min(options.timeout_graceful_shutdown * APPLICATION_SHARE, LONGEST_SHARE)


def time_for_connections(options: Options) -> float:
    """Seconds until the connections that are left are closed."""
    return options.timeout_graceful_shutdown - application_share(options)
