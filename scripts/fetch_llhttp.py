"""Fetch llhttp's released C files: python fetch_llhttp.py DESTINATION.

They are in the source distribution of httptools on PyPI, which pip downloads, pinned and checked by
hash. The files are written to DESTINATION/include and DESTINATION/src.
"""

from __future__ import annotations

import pathlib
import sys
import tarfile
import tempfile

from pinned_package import download

REQUIREMENT = (
    "httptools==0.8.0 "
    "--hash=sha256:6b2a32f18d97e16e90827d7a819ffa8dbd8cc245fc4e1fa9d1095b54ef4bd999"
)


def main() -> None:
    destination = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        archive = download(REQUIREMENT, pathlib.Path(folder), source=True)
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                _, _, path = member.name.partition("vendor/llhttp/")
                content = tar.extractfile(member) if member.isfile() else None
                if content is None or not path.endswith((".c", ".h", "LICENSE")):
                    continue
                target = destination / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


if __name__ == "__main__":
    main()
