"""What hypercorn has no options for. By default it ends a connection after 1,000 requests."""

keep_alive_max_requests = 1_000_000_000
