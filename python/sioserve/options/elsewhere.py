"""Options of other servers that sioserve does not have, and what to do instead."""

from __future__ import annotations

import re

ONE_IMPLEMENTATION = "there is one implementation of each protocol here; leave it out"
UNDER_A_MANAGER = "systemd or a container does that better; leave it out"

REASONS = (
    (r"--http|--ws|--interface|--impl", ONE_IMPLEMENTATION),
    (r"--certfile|--ssl-certificate", "it is --tls-cert here"),
    (r"--keyfile", "it is --tls-key here"),
    (r"--ca-certs|--ssl-ca", "it is --tls-client-ca here"),
    (r"--cert-reqs|--ssl-client-verify", "it is --tls-client-certs here"),
    (r"--ciphers", "it is --tls-ciphers here"),
    (r"--ssl-version|--ssl-protocol-min", "it is --tls-min-version here"),
    (r"--(no-)?use-colors", "colours follow the terminal; leave it out"),
    (r"--reset-contextvars", "each request has a context of its own anyway; leave it out"),
    (r"--h11-max-incomplete-event-size", "it is --limit-header-bytes here"),
    (r"--ws-max-queue", "it is --limit-unread here, in bytes"),
    (r"--timeout-worker-healthcheck", "it is --worker-hang-timeout here"),
    # gunicorn's
    (r"-w\d*", "it is --workers here"),
    (r"-k|--worker-class", ONE_IMPLEMENTATION),
    (r"-c", "it is --config here, for a TOML file"),
    (r"--max-requests", "it is --limit-max-requests here"),
    (r"--graceful-timeout", "it is --timeout-graceful-shutdown here"),
    (r"--timeout", "it is --worker-hang-timeout here, for a process whose event loop hangs"),
    (r"--keep-alive", "it is --timeout-keep-alive here"),
    (r"--chdir", "it is --app-dir here"),
    (r"--access-logfile", "it is --access-log here"),
    (r"--error-logfile|--log-file", "the log is written to stderr; --log-config changes that"),
    (r"--preload(-app)?", "each Python process imports the application itself; leave it out"),
    (r"-D|--daemon|--user|-g|--group|-m|--umask|-n|--name", UNDER_A_MANAGER),
    # granian's
    (r"--blocking-threads", "it is --threads here"),
    (r"--backpressure", "it is --limit-concurrency here"),
    (r"--runtime-.*|--task-impl|--loop-.*", ONE_IMPLEMENTATION),
    (
        r"--respawn-failed-workers",
        "a Python process that dies is always started again; leave it out",
    ),
    (r"--workers-max-rss", "it is --worker-max-rss here"),
    (r"--workers-lifetime", "it is --worker-max-age here"),
    (r"--process-name", UNDER_A_MANAGER),
    (r"--url-path-prefix", "it is --root-path here"),
)


def reason_for(name: str) -> str | None:
    """The end of a message "--name: ..."; None for an unknown option."""
    for pattern, reason in REASONS:
        if re.fullmatch(pattern, name):
            return reason
    return None
