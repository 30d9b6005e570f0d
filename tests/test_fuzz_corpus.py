"""The inputs that the normal tests replay for each fuzz target: an archive, and inputs that have
caused bugs.
"""

from __future__ import annotations

import gzip
import pathlib
import re
import shlex
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
FUZZ = ROOT / "tests" / "fuzz"
TARGETS = re.findall(r"^sioserve_fuzz_target\((\w+)", (FUZZ / "CMakeLists.txt").read_text(), re.M)


def archive_of(target: str) -> pathlib.Path:
    return FUZZ / "corpus" / f"{target}.tar.gz"


def replay(tmp_path: pathlib.Path, archive: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Run replay.cmake with a program that fails if the folder has no file."""
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nls "$1" | grep .\n')
    program.chmod(0o755)
    settings = {
        "PROGRAM": program,
        "ARCHIVE": archive,
        "FOLDER": tmp_path / "unpacked",
        "REGRESSIONS": tmp_path / "none",
    }
    command = ["cmake", *(f"-D{name}={value}" for name, value in settings.items())]
    return subprocess.run(
        [*command, "-P", str(FUZZ / "replay.cmake")], capture_output=True, text=True
    )


def test_each_target_has_an_archive_and_there_are_no_other_files() -> None:
    assert TARGETS
    expected = sorted(archive_of(target) for target in TARGETS)
    assert sorted((FUZZ / "corpus").iterdir()) == expected
    assert {folder.name for folder in (FUZZ / "regressions").iterdir()} <= set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_packing_an_archive_s_files_again_gives_the_same_bytes(
    target: str, tmp_path: pathlib.Path
) -> None:
    archive = archive_of(target)
    with tarfile.open(archive) as opened:
        members = opened.getmembers()
        opened.extractall(tmp_path / "files")
    assert members
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}
    (function,) = re.findall(
        r"^pack\(\) \{\n.*?^\}\n", (ROOT / "scripts/fuzz").read_text(), re.M | re.S
    )
    packed = tmp_path / "packed.tar.gz"
    call = f"pack {shlex.quote(str(tmp_path / 'files'))} {shlex.quote(str(packed))}"
    subprocess.run(["bash", "-euo", "pipefail", "-c", function + call], check=True)
    # Other versions of gzip may compress differently.
    assert gzip.decompress(packed.read_bytes()) == gzip.decompress(archive.read_bytes())
    assert packed.read_bytes()[:10] == archive.read_bytes()[:10]  # no name, no time


def test_a_missing_archive_fails(tmp_path: pathlib.Path) -> None:
    done = replay(tmp_path, tmp_path / "missing.tar.gz")
    assert done.returncode != 0
    assert "there is no" in done.stderr


def test_an_empty_archive_fails(tmp_path: pathlib.Path) -> None:
    with tarfile.open(tmp_path / "empty.tar.gz", "w:gz"):
        pass
    assert replay(tmp_path, tmp_path / "empty.tar.gz").returncode != 0


def test_a_damaged_archive_fails(tmp_path: pathlib.Path) -> None:
    content = archive_of(TARGETS[0]).read_bytes()
    (tmp_path / "damaged.tar.gz").write_bytes(content[: len(content) // 2])
    assert replay(tmp_path, tmp_path / "damaged.tar.gz").returncode != 0


def test_an_archive_is_unpacked_to_an_empty_folder(tmp_path: pathlib.Path) -> None:
    stale = tmp_path / "unpacked" / "of_an_earlier_run"
    stale.parent.mkdir()
    stale.touch()
    done = replay(tmp_path, archive_of(TARGETS[0]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert stale.name not in done.stdout.split()
