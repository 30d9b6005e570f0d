"""The pages that messages name, such as docs/tls.md. A wheel has them beside this module."""

from __future__ import annotations

import pathlib


def folder_of_pages() -> str:
    """Where they are, on this machine; "" if they are not installed."""
    package = pathlib.Path(__file__).resolve().parent
    checkout = package.parents[1]
    for folder in (package / "docs", checkout / "docs"):
        if (folder / "settings.md").is_file():
            return str(folder)
    return ""
