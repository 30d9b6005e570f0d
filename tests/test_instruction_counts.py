"""scripts/bench instructions: what is a regression. The counting itself needs valgrind."""

from __future__ import annotations

import importlib
import json
import pathlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

BENCH = pathlib.Path(__file__).resolve().parents[1] / "bench"
VERSIONS = {"compiler": "GCC 12", "python": "3.11.2", "valgrind": "3.19.0"}
KEPT = {
    "request": {"Python": 20_000, "I/O": 8_000},
    "relay": {"I/O": 4_000},
}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The benchmark, which counts what it did when the counts were kept."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCH)
    module = importlib.import_module("instructions")
    names = {id(scenario): name for name, scenario in module.SCENARIOS.items()}
    monkeypatch.setattr(module, "versions", lambda: VERSIONS)
    monkeypatch.setattr(module, "count", lambda scenario, *_: KEPT[names[id(scenario)]])
    yield module
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "kept.json"
    write(path, KEPT)
    return path


def write(
    path: pathlib.Path, counts: dict[str, dict[str, int]], versions: dict[str, str] = VERSIONS
) -> None:
    path.write_text(json.dumps({"versions": versions, "counts": counts}))


def failure(bench: ModuleType, *arguments: str) -> str:
    """The sentence with which the command fails."""
    with pytest.raises(SystemExit) as caught:
        bench.main(arguments)
    assert isinstance(caught.value.code, str)  # Python prints it, and the exit code is 1
    return caught.value.code


def test_unchanged_counts_are_no_regression(
    bench: ModuleType, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.main(["request", "relay", "--file", str(file)])
    printed = capsys.readouterr().out
    assert "No count has grown by more than 5 %." in printed
    assert "+0.0 %" in printed
    assert "other versions" not in printed


def test_a_count_that_grew_by_more_than_the_limit_fails_with_its_name(
    bench: ModuleType, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, {**KEPT, "request": {"Python": 19_000, "I/O": 8_000}})
    sentence = failure(bench, "request", "relay", "--file", str(file))
    assert sentence == "Grown by more than 5 %: request (Python)."
    assert "+5.3 %" in capsys.readouterr().out


def test_growth_up_to_the_limit_is_no_regression(bench: ModuleType, file: pathlib.Path) -> None:
    write(file, {"request": {"Python": 19_048, "I/O": 7_700}})
    bench.main(["request", "--file", str(file)])


def test_the_limit_itself_is_no_regression(bench: ModuleType, file: pathlib.Path) -> None:
    write(file, {"request": {"Python": 20_000, "I/O": 8_000}})
    grown = {"request": {"Python": 21_000, "I/O": 8_401}}
    found = bench.changes(KEPT, grown)
    assert bench.regressions(found) == ["Grown by more than 5 %: request (I/O)."]


def test_a_count_that_shrank_is_pointed_out_and_does_not_fail(
    bench: ModuleType, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, {**KEPT, "relay": {"I/O": 4_300}})
    bench.main(["request", "relay", "--file", str(file)])
    assert "Shrunk by more than 5 %: relay (I/O)." in capsys.readouterr().out


def test_scenarios_that_were_not_counted_are_not_compared(
    bench: ModuleType, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, {**KEPT, "request": {"Python": 1, "I/O": 1}})
    bench.main(["relay", "--file", str(file)])
    assert "request" not in capsys.readouterr().out


def test_a_thread_that_executed_nothing_before_fails(
    bench: ModuleType, file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example Python in a relay."""
    both = {"I/O": 4_000, "Python": 70_000}
    monkeypatch.setattr(bench, "count", lambda *_: both)
    sentence = failure(bench, "relay", "--file", str(file))
    assert sentence == "Not in the file: relay (Python). Keep them with --keep."


def test_a_thread_that_no_longer_executes_anything_is_pointed_out(
    bench: ModuleType, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, {"relay": {"I/O": 4_000, "Python": 70_000}})
    bench.main(["relay", "--file", str(file)])
    assert "Shrunk by more than 5 %: relay (Python)." in capsys.readouterr().out


def test_a_scenario_that_is_not_in_the_file_fails(bench: ModuleType, file: pathlib.Path) -> None:
    write(file, {"request": KEPT["request"]})
    assert "Not in the file: relay (I/O)." in failure(
        bench, "request", "relay", "--file", str(file)
    )


def test_other_versions_are_named_and_the_counts_compared_nevertheless(
    bench: ModuleType, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = {**VERSIONS, "python": "3.10.9"}
    write(file, {**KEPT, "relay": {"I/O": 2_000}}, old)
    sentence = failure(bench, "relay", "--file", str(file))
    assert "Grown by more than 5 %: relay (I/O)." in sentence
    assert "other versions than kept: python 3.11.2 instead of 3.10.9." in capsys.readouterr().out


def test_an_unknown_scenario_fails_before_anything_is_counted(
    bench: ModuleType, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.main(["request", "wishes", "--file", str(file)])
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert "no scenario 'wishes'" in printed.err
    assert "20,000" not in printed.out


def test_a_missing_file_fails_before_anything_is_counted(
    bench: ModuleType, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.json"
    assert failure(bench, "request", "--file", str(missing)) == (
        f"{missing} does not exist; --keep writes it"
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"versions": {}}'])
def test_a_file_that_cannot_be_read_fails(
    bench: ModuleType, file: pathlib.Path, content: str
) -> None:
    file.write_text(content)
    assert f"{file} can't be read" in failure(bench, "request", "--file", str(file))


def test_keep_writes_what_was_counted(bench: ModuleType, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new.json"
    bench.main(["request", "relay", "--keep", "--file", str(path)])
    assert json.loads(path.read_text()) == {"versions": VERSIONS, "counts": KEPT}
    assert '      "I/O": 8000\n' in path.read_text()  # a line for each count
    bench.main(["request", "relay", "--file", str(path)])


def test_keep_replaces_only_the_counted_scenarios(bench: ModuleType, file: pathlib.Path) -> None:
    write(file, {"request": {"Python": 1}, "relay": {"I/O": 2}})
    bench.main(["relay", "--keep", "--file", str(file)])
    counts = json.loads(file.read_text())["counts"]
    assert counts == {"request": {"Python": 1}, "relay": KEPT["relay"]}


def test_keep_refuses_counts_of_different_versions_in_one_file(
    bench: ModuleType, file: pathlib.Path
) -> None:
    write(file, KEPT, {**VERSIONS, "valgrind": "3.18.1"})
    before = file.read_text()
    sentence = failure(bench, "relay", "--keep", "--file", str(file))
    assert "valgrind 3.19.0 instead of 3.18.1" in sentence
    assert file.read_text() == before


def test_the_file_has_each_of_the_scenarios(bench: ModuleType) -> None:
    kept = bench.read_kept(bench.FILE)
    assert kept.counts.keys() == bench.SCENARIOS.keys()
    assert len(kept.counts) == 14
    assert {"compiler", "python", "valgrind"} <= kept.versions.keys()
    assert min(count for threads in kept.counts.values() for count in threads.values()) > 0
