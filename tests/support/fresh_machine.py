"""A machine on which the commands of docs/deployment.md are run as they are.

It consists of namespaces: nothing that the commands write in /etc, /run or /srv stays, and every
port is free. Only the programs that need the internet or systemd are replaced: apt-get does
nothing, certbot and systemctl are stub_certbot.py and stub_systemctl.py. Needs root.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

import pytest

from .server import PATIENCE, ROOT, executable

SETUP = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {folder}
mkdir {folder}/upper {folder}/work {folder}/bin
mount -t overlay overlay -o lowerdir=/etc,upperdir={folder}/upper,workdir={folder}/work /etc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /srv
mkdir -p /etc/letsencrypt/renewal-hooks/deploy /etc/systemd/system
ip link set lo up
useradd --system project
echo "127.0.0.1 example.org" >> /etc/hosts
echo ready
exec cat
"""


class FreshMachine:
    """In a `with` statement: the machine, with the user `project` and the host name example.org."""

    def __enter__(self) -> FreshMachine:
        self.folder = pathlib.Path(tempfile.mkdtemp())
        namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        setup = SETUP.format(folder=self.folder)
        self._init = subprocess.Popen(
            ["unshare", *namespaces, "sh", "-c", setup],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._init.stdout
        assert self._init.stderr
        if self._init.stdout.readline() != "ready\n":
            reason = self._init.stderr.read()
            self._end()
            pytest.skip(f"namespaces can't be made here: {reason}")
        children = pathlib.Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children")
        self._process = children.read_text().strip()
        self._install("apt-get", "exit 0")
        for name in ("certbot", "systemctl"):
            module = f"{shlex.quote(sys.executable)} -m support.stub_{name}"
            self._install(name, f'PYTHONPATH={shlex.quote(str(ROOT / "tests"))} exec {module} "$@"')
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        self._init.communicate()  # closes its input
        shutil.rmtree(self.folder)

    def _install(self, name: str, command: str) -> None:
        self.write(self.folder / "bin" / name, f"#!/bin/sh\n{command}\n")
        self.run(f"chmod +x {self.folder}/bin/{name}")

    def run(self, commands: str, text: str = "") -> str:
        """Runs them as root with `text` as the input; returns the output. Raises AssertionError if
        one of them fails.
        """
        result = subprocess.run(
            [
                *("nsenter", f"--target={self._process}", "--mount", "--net", "--pid"),
                *("sh", "-e", "-c", commands),
            ],
            env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
            input=text,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert result.returncode == 0, f"{commands}\n{result.stdout}{result.stderr}"
        return result.stdout

    def write(self, path: str | pathlib.Path, text: str) -> None:
        quoted = shlex.quote(str(path))
        self.run(f'mkdir -p "$(dirname {quoted})"; cat > {quoted}', text)

    def install_sioserve(self, virtual_environment: str) -> None:
        """Skips the test if the user `project` can't read the executable under test."""
        variables = {"VIRTUAL_ENV": sys.prefix, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        words = [*(f"{key}={value}" for key, value in variables.items()), executable()]
        path = f"{virtual_environment}/bin/sioserve"
        self.write(path, f'#!/bin/sh\nexec env {shlex.join(words)} "$@"\n')
        self.run(f"chmod +x {path}")
        try:
            self.run(f"setpriv --reuid=project --clear-groups {path} --version")
        except AssertionError as problem:
            pytest.skip(f"another user can't run the server: {problem}")
