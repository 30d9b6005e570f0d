"""Does what docs/tutorial.md says: writes its files and runs its commands, in order."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
from collections.abc import Generator, Iterator, Mapping
from typing import NamedTuple

from support.ports import free_port
from support.server import ROOT, ServerProcess

PAGE = ROOT / "docs" / "tutorial.md"

# A block with the paragraph before it.
BLOCK = re.compile(
    r"(?P<before>(?:^.+\n)*)\n*^```(?P<language>\w+)\n(?P<text>[^`]*(?:`(?!``)[^`]*)*)^```$", re.M
)
FILE = re.compile(r"(?P<how>Write\sinto|Add\sto\sthe\send\sof)\s`(?P<path>[^`]+)`:\n$")


INSTALLATION = re.compile(r"python3 -m venv |\. [\w-]+/bin/activate|pip install ")
RUNSERVER = "python manage.py runserver"
RUNSERVER_LISTENS = re.compile(r"development server at http://(\S+):(\d+)/")


class Step(NamedTuple):
    """A file to write (`path`), or commands to run (`path` is empty)."""

    path: str
    text: str
    appended: bool


def steps() -> Iterator[Step]:
    """The steps of the page. Raises AssertionError for a block that says not what to do with it."""
    for block in BLOCK.finditer(PAGE.read_text()):
        if block["language"] == "console":
            yield Step("", block["text"], False)
            continue
        instruction = FILE.search(block["before"])
        assert instruction, f"what is this block for? {block[0]!r}"
        yield Step(instruction["path"], block["text"], instruction["how"].startswith("Add"))


class Follower:
    """Someone who follows the tutorial in `folder`."""

    def __init__(self, folder: pathlib.Path, env: Mapping[str, str]) -> None:
        """`env` is the whole environment of the commands."""
        self.folder = folder
        self.env = dict(env)

    def write(self, step: Step) -> None:
        path = self.folder / step.path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if step.appended else ""
        path.write_text(before + step.text)

    def run(self, command: str) -> None:
        """One line of a shell. Raises AssertionError with its output if it fails."""
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
        elif command.startswith(". "):
            shown = self._shell(f"{command} && env -0")
            self.env = dict(one.split("=", 1) for one in shown.split("\0") if one)
        else:
            self._shell(command)

    def _shell(self, command: str) -> str:
        result = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
        return result.stdout


class Command(ServerProcess):
    """A server that the tutorial starts, on a free port. After stop(), start() starts it again."""

    def __init__(self, command: str, follower: Follower, replaced: Mapping[str, str]) -> None:
        super().__init__("unused", cwd=follower.folder)
        self.env = {**follower.env, "PYTHONUNBUFFERED": "1"}
        program, *words = command.split()
        port = str(free_port())  # the same after a restart
        if command.startswith(RUNSERVER):
            self.listening = RUNSERVER_LISTENS
            words += ["--noreload", port]
        else:
            words += ["--port", port]
        program = replaced.get(program) or shutil.which(program, path=self.env["PATH"]) or program
        self.command = [program, *words]


def follow(
    follower: Follower, *, replaced: Mapping[str, str] | None = None, installs: bool = False
) -> Generator[tuple[str, Command | None], None, None]:
    """Take all steps. Yields the file or the command of each, and the server if it is one: it runs
    until the next step.

    `replaced`: other programs to run for some names of servers' commands. Without `installs`, the
    lines that install are left out.
    """
    for step in steps():
        if step.path:
            follower.write(step)
            yield step.path, None
            continue
        for command in step.text.splitlines():
            if INSTALLATION.match(command) and not installs:
                continue
            if command.startswith(("sioserve ", RUNSERVER)):
                server = Command(command, follower, replaced or {})
                server.start()
                try:
                    yield command, server
                finally:
                    server.stop()
            else:
                follower.run(command)
                yield command, None
