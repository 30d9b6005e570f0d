"""Does what docs/tutorial.md says: writes its files and runs its commands, in order."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from support.server import ROOT

PAGE = ROOT / "docs" / "tutorial.md"

# A block with the paragraph before it.
BLOCK = re.compile(
    r"(?P<before>(?:^.+\n)*)\n*^```(?P<language>\w+)\n(?P<text>[^`]*(?:`(?!``)[^`]*)*)^```$", re.M
)
FILE = re.compile(r"(?P<how>Write\sinto|Add\sto\sthe\send\sof)\s`(?P<path>[^`]+)`:\n$")


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
        self.folder = folder
        self.env = env

    def write(self, step: Step) -> None:
        path = self.folder / step.path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if step.appended else ""
        path.write_text(before + step.text)

    def run(self, command: str) -> None:
        """One line of a shell. Raises AssertionError with its output if it fails."""
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
            return
        result = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
