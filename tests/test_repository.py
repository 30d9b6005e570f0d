"""Rules for every file in git."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
LONGEST = 600  # lines

# Built from parts, so that this file does not match.
FOREIGN_PATHS = re.compile(
    "|".join(["/ho" + "me/", "/Us" + "ers/", "/wo" + "rk/", "sha" + "red/[A-Z]"])
)

# Where packages come from is a setting of the machine: of its apt, pip, npm and so on.
REGISTRIES = re.compile(
    r"\bdeb" + r"\.debian\.org|py" + r"pi\.org|python" + r"hosted|npm" + r"js\.(org|com)"
    r"|repo1?" + r"\.maven|proxy" + r"\.golang|crates" + r"\.io/"
)


def kept_files() -> list[pathlib.Path]:
    """Files that are in git or would be added to it."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def text_of(path: pathlib.Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_no_source_file_is_too_long() -> None:
    suffixes = (".cc", ".h", ".py", ".pyi", ".js", ".mjs", ".css", ".html", ".sh")
    lengths = {
        str(path.relative_to(ROOT)): len((text_of(path) or "").splitlines())
        for path in kept_files()
        if path.suffix in suffixes
    }
    assert {"server/server.cc", "python/sio/handlers.py", "tests/conftest.py"} <= lengths.keys()
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize("unwanted", [FOREIGN_PATHS, REGISTRIES], ids=["paths", "registries"])
def test_no_file_names_what_belongs_to_one_machine(unwanted: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in kept_files()
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if unwanted.search(line)
    ]
    assert found == []


def test_a_lock_file_has_no_registry_urls() -> None:
    locks = [path for path in kept_files() if path.name == "package-lock.json"]
    assert locks
    assert [path for path in locks if '"resolved"' in (text_of(path) or "")] == []


def test_no_file_is_large() -> None:
    large = [path.name for path in kept_files() if path.stat().st_size > 1_000_000]
    assert large == []


def test_no_third_party_code_is_in_the_repository() -> None:
    names = {path.name for path in kept_files()}
    assert not names & {"llhttp.c", "socket.io.js", "socket.io.min.js", "wslay.h", "json.hpp"}


def test_the_tests_named_in_docs_engineio_exist() -> None:
    """docs/engineio.md names files, and tests of the file before them."""
    lines = (ROOT / "docs/engineio.md").read_text().splitlines()
    table = "\n".join(line for line in lines if line.startswith("|"))
    checked = 0
    content = ""
    for name in re.findall(r"`([^`\s]+)`", table):
        if name.endswith((".py", "_test.cc")):
            (path,) = (ROOT / "tests").glob(f"*/**/{name}")
            content = path.read_text()
        elif re.fullmatch(r"test_\w+|[A-Z][a-z]*([A-Z]\w*){2,}", name):
            assert re.search(rf"(def {name}\(|, {name}\))", content), name
            checked += 1
    assert checked > 30
