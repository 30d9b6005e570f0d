"""Detects changes of watched files: with watchfiles if it is installed, else by polling."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator

from sioserve.reload.watched import Watched

logger = logging.getLogger("sioserve")


def changes(watched: Watched, delay: float) -> Iterator[str]:
    """Yields a path each time that a file has changed; never ends.

    `delay` is the time between two checks, in seconds. Changes are detected from the first call of
    next() on.
    """
    try:
        yield from _by_watchfiles(watched, delay)
    except ImportError:
        pass
    except (OSError, RuntimeError) as error:
        logger.warning("Polling the files for changes, because watchfiles failed: %s", error)
    yield from _by_polling(watched, delay)


def _by_polling(watched: Watched, delay: float) -> Iterator[str]:
    before = _stamps(watched)
    while True:
        time.sleep(delay)
        now = _stamps(watched)
        changed = [path for path in before.keys() | now.keys() if before.get(path) != now.get(path)]
        before = now
        if changed:
            yield min(changed)


def _stamps(watched: Watched) -> dict[str, tuple[int, int]]:
    stamps = {}
    for path in watched.present():
        try:
            status = os.stat(path)
        except OSError:  # deleted since it was listed
            continue
        stamps[path] = (status.st_mtime_ns, status.st_size)
    return stamps


def _by_watchfiles(watched: Watched, delay: float) -> Iterator[str]:
    import watchfiles

    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it logs the number of changes
    paths = [path for path in (*watched.directories, *watched.files) if os.path.exists(path)]
    found = watchfiles.watch(
        *paths,
        watch_filter=lambda change, path: path in watched,
        step=max(1, round(delay * 1000)),
        raise_interrupt=False,
    )
    return (min(path for _, path in changed) for changed in found)
