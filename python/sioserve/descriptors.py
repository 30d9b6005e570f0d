"""How many files and sockets this process may have open."""

from __future__ import annotations

import resource

# Some containers allow a thousand times as many, and programs that go through all the numbers then
# take minutes.
MOST = 1_048_576


def raise_descriptor_limit() -> None:
    """Allow this process, and those that it starts, as many descriptors as it may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
