"""Which files --reload watches, and that changes are noticed with and without watchfiles."""

from __future__ import annotations

import os
import pathlib
import sys
import threading
from collections.abc import Callable

import pytest
from sioserve.errors import StartupError
from sioserve.options import Options
from sioserve.reload.changes import changes
from sioserve.reload.watched import Watched, watched_by
from support.waiting import eventually


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("views.py", True),
        ("shop/views.py", True),
        ("shop/page.html", True),
        ("shop/page.txt", False),
        ("config/prices.json", True),
        ("other/prices.json", False),
        (".venv/lib/module.py", False),
        ("shop/__pycache__/views.py", False),
        ("node_modules/gyp/gyp.py", False),
        ("shop/generated/views.py", False),
        ("shop/views_test.py", False),
        ("shop/.#views.py", False),
        ("../elsewhere.py", False),
        ("../sioserve.toml", True),
    ],
)
def test_what_is_watched(tmp_path: pathlib.Path, path: str, counts: bool) -> None:
    project = tmp_path / "project"
    watched = Watched(
        directories=(str(project),),
        files=(str(tmp_path / "sioserve.toml"),),
        include=("*.html", "config/*.json"),
        exclude=("generated", "*_test.py"),
    )
    file = pathlib.Path(os.path.normpath(project / path))
    assert (str(file) in watched) is counts
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    assert (str(file) in set(watched.present())) is counts


def test_the_options_say_what_is_watched(tmp_path: pathlib.Path) -> None:
    inner = tmp_path / "src"
    inner.mkdir()
    options = Options(
        reload_dir=(str(tmp_path), str(inner)), config=str(tmp_path / "sioserve.toml")
    )
    watched = watched_by(options)
    assert watched.directories == (str(tmp_path.resolve()),)
    assert watched.files == (str(tmp_path.resolve() / "sioserve.toml"),)


def test_a_missing_folder(tmp_path: pathlib.Path) -> None:
    with pytest.raises(StartupError, match="nowhere"):
        watched_by(Options(reload_dir=(str(tmp_path / "nowhere"),)))


@pytest.fixture(params=["watchfiles", "looking"])
def seen(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Paths whose changes have been noticed so far."""
    if request.param == "looking":
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    paths: list[str] = []
    found = changes(Watched((str(tmp_path.resolve()),)), 0.05)
    threading.Thread(target=lambda: paths.extend(found), daemon=True).start()
    return paths


def until_noticed(seen: list[str], path: pathlib.Path, change: Callable[[int], object]) -> None:
    """Changes the file repeatedly, because the time at which watching starts is unknown."""
    count = iter(range(1_000_000))

    def probe() -> bool:
        change(next(count))
        return str(path.resolve()) in seen

    eventually(probe)


def test_a_change_is_noticed(seen: list[str], tmp_path: pathlib.Path) -> None:
    file = tmp_path / "views.py"
    until_noticed(seen, file, lambda count: file.write_text("#" * count))


def test_a_removed_file_is_noticed(seen: list[str], tmp_path: pathlib.Path) -> None:
    file = tmp_path / "views.py"

    def come_or_go(count: int) -> None:
        file.unlink() if file.exists() else file.touch()

    until_noticed(seen, file, come_or_go)
