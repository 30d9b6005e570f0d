"""The content types of static files, for the native core."""

from __future__ import annotations

import mimetypes

# Types that are missing from Python's table, depending on its version and on the system's table.
ADDITIONS = {
    ".avif": "image/avif",
    ".br": "application/octet-stream",
    ".gz": "application/gzip",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".zst": "application/zstd",
}
# Names that RFC 9239 made obsolete.
RENAMED = {"application/javascript": "text/javascript"}


def content_types() -> tuple[tuple[str, str], ...]:
    """Pairs of an extension, with its dot, and a type: Python's `mimetypes`, with additions.

    Types that the project adds to `mimetypes` before the server starts are included.
    """
    if not mimetypes.inited:
        mimetypes.init()
    table = {**ADDITIONS, **mimetypes.types_map}
    return tuple((extension, RENAMED.get(kind, kind)) for extension, kind in table.items())
