"""Fetch the JavaScript client of Socket.IO without npm: python fetch_demo_client.py FOLDER.

The official file is part of NiceGUI's wheel, which pip downloads, pinned and checked by hash. It is
written to FOLDER under the names that the server serves. With npm, scripts/setup takes the client
from its own package, with the source maps and the other builds.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile
import zipfile

from pinned_package import download

REQUIREMENT = (
    "nicegui==3.18.0 --hash=sha256:a2bd51642312d98aab6d8b641245d796ff1b89da5829777170bcc488140c3dcd"
)


def main() -> None:
    destination = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(REQUIREMENT, pathlib.Path(folder), source=False)
        client = zipfile.ZipFile(wheel).read("nicegui/static/socket.io.min.js")
    destination.mkdir(parents=True, exist_ok=True)
    for name in ("socket.io.js", "socket.io.min.js"):
        (destination / name).write_bytes(client)


if __name__ == "__main__":
    main()
