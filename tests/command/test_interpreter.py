"""An executable that contains the interpreter, after an update of Python."""

from __future__ import annotations

import os
import pathlib
import sys
import zlib

import _sioserve
import pytest
from sioserve.interpreter import is_outdated


@pytest.fixture
def program(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The program python3, with which the executable was built."""
    program = tmp_path / "python3"
    program.write_bytes(b"the program")
    os.utime(program, (1_700_000_000, 1_700_000_000))
    monkeypatch.setattr(sys, "_base_executable", str(program))
    checksum = zlib.crc32(b"the program")
    monkeypatch.setattr(_sioserve, "embedded_python_file", f"11 1700000000 {checksum}")
    return program


def test_it_is_the_one_of_the_build(program: pathlib.Path) -> None:
    assert not is_outdated()


def test_it_is_a_copy_of_the_one_of_the_build(program: pathlib.Path) -> None:
    os.utime(program, (1_800_000_000, 1_800_000_000))
    assert not is_outdated()


@pytest.mark.parametrize("content", [b"the program of a newer version", b"not program"])
def test_an_update_makes_it_outdated(program: pathlib.Path, content: bytes) -> None:
    program.write_bytes(content)
    assert is_outdated()


def test_a_shared_library_is_never_outdated(
    program: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sioserve, "embedded_python_file", "")
    program.write_bytes(b"a newer version")
    assert not is_outdated()


def test_without_the_program_nothing_is_said(program: pathlib.Path) -> None:
    program.unlink()
    assert not is_outdated()
