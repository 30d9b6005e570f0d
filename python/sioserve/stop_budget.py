"""How the time of a stop, `timeout_graceful_shutdown`, is divided."""

from __future__ import annotations

from sioserve.options import Options

# Seconds after the stop timeout until the process is ended. Code that ignores its cancellation
# makes a stop longer: handlers and requests by 1.25 s, the lifespan and other tasks by 0.5 s each.
LAST_RESORT = 3.0
# The same for a Python process of --workers, which the I/O process ends.
LAST_RESORT_OF_PROCESS = 2.5

APPLICATION_SHARE = 0.25  # share of the stop timeout that is reserved for application and lifespan
LONGEST_SHARE = 4.0  # longest reserved time, in seconds


def application_share(options: Options) -> float:
    """Seconds for handlers, requests without clients, and the lifespan."""
    return min(options.timeout_graceful_shutdown * APPLICATION_SHARE, LONGEST_SHARE)


def time_for_connections(options: Options) -> float:
    """Seconds until the connections that are left are closed."""
    return options.timeout_graceful_shutdown - application_share(options)
