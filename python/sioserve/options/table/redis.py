"""Options: the Redis server that connects several servers."""

from __future__ import annotations

from sioserve.options.kinds import FILE, HOST_AND_PORT, SECRET, SIZE, TEXT, choice, named
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "Several servers (Redis)",
    (
        Option(
            "redis",
            named(TEXT, "URL"),
            "Redis server that carries messages between servers: redis://user:password@host:port, "
            "rediss:// with TLS, or unix:///path; a URL with a password belongs in the environment "
            "variable, because other users of the machine see command lines; empty: none",
            shown_default="none, or Django's SIO_REDIS_URL",
            setting="redis_url",
        ),
        Option(
            "redis-queue",
            SIZE,
            "bytes of messages to other servers that wait while Redis is away; 0: they are dropped",
            default=0,
            setting="redis_queue_bytes",
        ),
        switch(
            "redis-sharded",
            "sharded publish and subscribe, from Redis 7.0; the same for all servers",
            shown_default="off, or Django's SIO_REDIS_SHARDED",
            setting="redis_sharded",
        ),
        Option(
            "redis-format",
            choice("redis-adapter", "python-socketio"),
            "messages between the servers: those of npm's @socket.io/redis-adapter, or those of "
            "python-socketio's RedisManager; the same for all servers",
            shown_default="redis-adapter, or Django's SIO_REDIS_FORMAT",
            setting="redis_format",
        ),
        Option(
            "redis-prefix",
            TEXT,
            "beginning of the channels' names, or the channel of python-socketio; the same for all "
            "servers",
            shown_default="Django's SIO_REDIS_PREFIX, or socket.io (socketio for python-socketio)",
            setting="redis_prefix",
        ),
        Option(
            "cluster-listen",
            HOST_AND_PORT,
            "address where other servers reach this one, to forward requests of Socket.IO clients "
            "whose session is here; so load balancers need no sticky sessions; needs --redis and "
            "--cluster-secret",
            shown_default="none: clients need sticky sessions",
        ),
        Option(
            "cluster-secret",
            SECRET,
            "proves to other servers that this one belongs to the cluster; the same for all "
            "servers, at least 16 characters; it belongs in the environment variable",
        ),
        Option(
            "cluster-tls-cert",
            FILE,
            "encrypt the connections between servers (TLS), with this certificate and its chain "
            "(PEM); all servers or none; reloaded when it changes; needs --cluster-tls-ca",
        ),
        Option(
            "cluster-tls-key",
            FILE,
            "the certificate's private key (PEM), if it is not in the same file",
        ),
        Option(
            "cluster-tls-ca",
            FILE,
            "the authorities that sign the certificates of the cluster's servers, and of nobody "
            "else (PEM)",
        ),
    ),
)
