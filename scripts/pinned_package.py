"""Files of packages that pip downloads, pinned and checked by hash."""

from __future__ import annotations

import pathlib
import subprocess
import sys


def download(requirement: str, folder: pathlib.Path, *, source: bool) -> pathlib.Path:
    """The package's archive in this folder: its source distribution, or its wheel.

    `requirement`: name, version and hash, as in a requirements file. Raises CalledProcessError.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(requirement + "\n")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--require-hashes"),
            *("--no-binary" if source else "--only-binary", ":all:"),
            *("--dest", str(folder), "--requirement", str(requirements)),
        ],
        check=True,
    )
    (archive,) = folder.glob("*.tar.gz" if source else "*.whl")
    return archive
