"""bench/suite: what a run keeps, and what the report says about it."""

from __future__ import annotations

import importlib
import importlib.util
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from support.waiting import eventually

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The modules of the benchmark."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(ROOT / "bench")
    names = ("row", "results", "aims", "report")
    modules = {name: importlib.import_module(f"suite.{name}") for name in names}
    yield SimpleNamespace(**modules, everything=importlib.import_module("everything"))
    for name in set(sys.modules) - before:
        del sys.modules[name]


def measured(
    bench: SimpleNamespace, rounds: dict[str, list[float | None]], **row: Any
) -> SimpleNamespace:
    """Results with one row, whose CPU times are these."""
    return run(bench, [row_of(bench, rounds, **row)])


def row_of(bench: SimpleNamespace, rounds: dict[str, list[float | None]], **row: Any) -> Any:
    """None as a value is a failed round."""
    values = {server: iter(each) for server, each in rounds.items()}

    def measure(server: str, seconds: float) -> Any:
        value = next(values[server])
        if value is None:
            raise bench.row.Unavailable(f"no {server} here")
        name = row.get("compared", "cpu")
        if name in ("cpu", "rate"):
            return bench.row.Measurement(**{name: value})
        return bench.row.Measurement(figures={name: value})

    defaults = {
        "key": "hello",
        "section": "HTTP",
        "title": "ASGI hello",
        "unit": "request",
        "compared": "cpu",
        "less_is_better": True,
        "aim": "",
        "servers": tuple(rounds),
    }
    return bench.row.Row(**{**defaults, **row}, measure=measure)


def run(bench: SimpleNamespace, rows: list[Any], rounds: int = 3) -> Any:
    found = bench.results.Results({"Python": "3.11.2"}, cores=2, rounds=rounds, seconds=1.0)
    bench.everything.run(rows, found)
    return found


def part(bench: SimpleNamespace, found: Any) -> str:
    return bench.report.measured_part(found, {})


def test_a_ratio_is_the_median_of_the_rounds_with_their_range(bench: SimpleNamespace) -> None:
    found = measured(bench, {"sioserve": [10, 20, 10], "uvicorn": [40, 50, 30]})
    assert "| **3.00** (2.50 to 4.00) |" in part(bench, found)


def test_more_is_better_for_a_rate(bench: SimpleNamespace) -> None:
    rounds: dict[str, list[float | None]] = {"sioserve": [300] * 3, "uvicorn": [100] * 3}
    found = measured(bench, rounds, compared="rate", less_is_better=False)
    assert "| ASGI hello | requests per second | **3.00** |" in part(bench, found)


def test_a_figure_can_decide(bench: SimpleNamespace) -> None:
    rounds: dict[str, list[float | None]] = {"sioserve": [2.0] * 3, "uvicorn": [5.0] * 3}
    found = measured(bench, rounds, compared="p99 ms")
    assert "| ASGI hello | p99 ms | **2.50** |" in part(bench, found)


def test_a_missing_server_is_named_with_its_reason_and_has_no_column(
    bench: SimpleNamespace,
) -> None:
    found = measured(bench, {"sioserve": [1] * 3, "uvicorn": [2] * 3, "granian": [None] * 3})
    text = part(bench, found)
    assert "| | compared | uvicorn |\n" in text
    assert "* granian (`hello`): no granian here" in text


def test_without_another_server_there_is_no_table(bench: SimpleNamespace) -> None:
    found = measured(bench, {"sioserve": [4] * 3}, aim="at most 5")
    text = part(bench, found)
    assert "| ASGI hello | at most 5 | 4.00, **met** |" in text
    assert "compared" not in text


def test_a_round_that_failed_is_not_compared(bench: SimpleNamespace) -> None:
    found = measured(bench, {"sioserve": [1, 100, 1], "uvicorn": [4, None, 5]})
    text = part(bench, found)
    assert "**4.50** (4.00 to 5.00)" in text
    assert "Not measured" not in text


def test_rounds_are_compared_with_the_same_round_though_the_order_changes(
    bench: SimpleNamespace,
) -> None:
    order: list[str] = []

    def measure(server: str, seconds: float) -> Any:
        order.append(server)
        return bench.row.Measurement(cpu={"sioserve": 1, "uvicorn": 2, "nginx": 3}[server])

    servers = ("sioserve", "uvicorn", "nginx")
    row = bench.row.Row("a", "HTTP", "a", "request", "cpu", True, "", servers, measure)
    found = run(bench, [row], rounds=2)
    assert order == [*servers, "uvicorn", "nginx", "sioserve"]
    assert "| **2.00** | **3.00** |" in part(bench, found)


@pytest.mark.parametrize(
    ("aim", "reached"),
    [
        ("3 x uvicorn", "3.00, **met**"),
        ("3.1 x uvicorn", "3.00, not met"),
        ("2 x granian", "2.00, **met**"),  # of the best one
        ("2.5 x granian", "2.00, not met"),
        ("2.5 x granian mt", "4.00, **met**"),
        ("at least 0.5 x nginx", "0.50, **met**"),
        ("at most 2 x nginx", "2.00, **met**"),
        ("at most 1.9 x nginx", "2.00, not met"),
        ("at most 10", "10.00, **met**"),
        ("at most 9.9", "10.00, not met"),
        ("4 x daphne", "not measured"),
        ("4 x unit", "not measured"),
        ("fast", "not measured"),
    ],
)
def test_the_report_says_whether_an_aim_is_met(
    bench: SimpleNamespace, aim: str, reached: str
) -> None:
    rounds: dict[str, list[float | None]] = {
        "sioserve": [10] * 3,
        "uvicorn": [30] * 3,
        "granian st": [20] * 3,
        "granian mt": [40] * 3,
        "nginx": [5] * 3,
        "daphne": [None] * 3,
    }
    found = measured(bench, rounds, aim=aim)
    assert f"| ASGI hello | {aim} | {reached} |" in part(bench, found)


def test_an_aim_can_be_a_share_of_another_row(bench: SimpleNamespace) -> None:
    small = row_of(bench, {"sioserve": [10] * 3}, key="hello-64")
    large = row_of(
        bench, {"sioserve": [15] * 3}, key="hello-512", aim="at most 1.3 x hello-64, at most 16"
    )
    text = part(bench, run(bench, [small, large]))
    assert "| at most 1.3 x hello-64 | 1.50, not met |" in text
    assert "| at most 16 | 15.00, **met** |" in text


def test_results_are_the_same_after_writing_and_reading(
    bench: SimpleNamespace, tmp_path: pathlib.Path
) -> None:
    found = measured(bench, {"sioserve": [1, 2, 3], "uvicorn": [4, None, 5], "x": [None] * 3})
    bench.results.write(found, tmp_path / "results.json")
    assert bench.results.read(tmp_path / "results.json") == found


def test_only_the_measured_part_of_the_page_is_replaced(bench: SimpleNamespace) -> None:
    page = f"# Benchmarks\n\n{bench.report.BEGIN}\nold\n{bench.report.END}\n\n## Memory\n"
    once = bench.report.replaced(page, "new\n")
    assert once.startswith("# Benchmarks\n\n")
    assert once.endswith("\n\n## Memory\n")
    assert "new" in once
    assert "old" not in once
    assert bench.report.replaced(once, "new\n") == once


def test_a_page_without_the_part_is_an_error(bench: SimpleNamespace) -> None:
    for page in ("# Benchmarks\n", f"{bench.report.BEGIN}\n"):
        with pytest.raises(ValueError, match="lacks"):
            bench.report.replaced(page, "new")


def test_a_crash_of_sioserve_is_not_forgotten(bench: SimpleNamespace) -> None:
    found = measured(bench, {"sioserve": [1, None, 1], "uvicorn": [4, 4, 4]})
    assert bench.everything.failed_rows(found) == ["hello"]


def test_rows_and_servers_can_be_chosen(bench: SimpleNamespace) -> None:
    rows = [
        row_of(bench, {"sioserve": [], "uvicorn": [], "nginx": []}, key="hello-64"),
        row_of(bench, {"sioserve": [], "uvicorn": []}, key="echo"),
    ]
    assert [row.key for row in bench.everything.chosen(rows, "hello,none", "")] == ["hello-64"]
    assert [row.servers for row in bench.everything.chosen(rows, "", "nginx")] == [
        ("sioserve", "nginx"),
        ("sioserve",),
    ]


def test_a_run_of_some_rows_keeps_the_others(
    bench: SimpleNamespace, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, pages = tmp_path / "kept.json", []
    old = [row_of(bench, {"sioserve": [10] * 3}, key=key) for key in ("a", "b", "renamed")]
    bench.results.write(run(bench, old), kept)
    new = [row_of(bench, {"sioserve": [20] * 3}, key=key) for key in ("a", "b")]
    monkeypatch.setattr(bench.everything, "all_rows", lambda: new)
    monkeypatch.setattr(bench.everything, "KEPT", kept)
    monkeypatch.setattr(bench.everything, "NOT_KEPT", tmp_path / "not_kept.json")
    monkeypatch.setattr(bench.everything, "needs_two_cores", lambda: None)
    monkeypatch.setattr(bench.report, "write", pages.append)
    assert bench.everything.main(["--rows", "b"]) == 0
    assert not pages
    new[1] = row_of(bench, {"sioserve": [20] * 3}, key="b")
    assert bench.everything.main(["--rows", "b", "--keep"]) == 0
    rows = bench.results.read(kept).rows
    assert {key: bench.aims.median_of(row) for key, row in rows.items()} == {"a": 10, "b": 20}
    assert [page.rows for page in pages] == [rows]


def test_a_value_that_was_not_measured_is_not_compared(bench: SimpleNamespace) -> None:
    """A CPU time of 0 is below the resolution."""
    found = measured(bench, {"sioserve": [1, 1, 1], "uvicorn": [0.0, 2, 2], "x": [0.0] * 3})
    assert "| | compared | uvicorn |\n" in part(bench, found)
    assert "| **2.00** |" in part(bench, found)


def test_a_server_that_is_not_installed_is_unavailable(
    bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    peers = importlib.import_module("suite.http_peers")
    monkeypatch.setattr(peers, "SCRIPTS", tmp_path)
    monkeypatch.setattr(peers, "DAPHNE", tmp_path / "daphne")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for server in peers.ARGUMENTS:
        if server == "sioserve":
            continue
        with pytest.raises(bench.row.Unavailable, match="is not installed"):
            peers.command_of(server, "hello_app:application", 8000)


def test_a_worker_that_outlives_its_parent_is_killed(bench: SimpleNamespace) -> None:
    """The parent ends by SIGTERM, its worker does not."""
    servers = importlib.import_module("servers")
    worker = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    parent = (
        "import subprocess, sys, signal\n"
        f"worker = subprocess.Popen([sys.executable, '-c', {worker!r}])\n"
        "print(worker.pid, flush=True)\n"
        "signal.pause()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE)
    assert process.stdout
    pid = int(process.stdout.readline())
    servers.stop(process)
    eventually(lambda: not running_process(pid))


def running_process(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"  # it has ended, and its parent has not noticed


def test_each_row_has_a_section_an_own_key_and_an_aim_that_can_be_judged(
    bench: SimpleNamespace,
) -> None:
    rows = bench.everything.all_rows()
    keys = {row.key for row in rows}
    assert {"hello-64", "hello-4096", "ws-broadcast-1000", "start-django"} <= keys
    assert len(keys) == len(rows)
    for row in rows:
        assert row.servers[0] == "sioserve", row.key
        names = [*row.servers, *keys]
        for aim in filter(None, (each.strip() for each in row.aim.split(","))):
            match = bench.aims.AT_MOST.fullmatch(aim) or bench.aims.AT_LEAST.fullmatch(aim)
            assert match, f"{row.key}: {aim}"
            name = match[2]
            assert not name or any(each == name or each.startswith(f"{name} ") for each in names), (
                f"{row.key}: {aim}"
            )


def test_the_page_has_what_the_kept_results_say(bench: SimpleNamespace) -> None:
    """The plots' lines are not compared: making them needs matplotlib."""
    if not bench.everything.KEPT.exists():
        pytest.skip("no results are kept")
    page = bench.report.PAGE.read_text()
    without = "\n".join(line for line in page.splitlines() if not line.startswith("![")) + "\n"
    part = bench.report.measured_part(bench.results.read(bench.everything.KEPT), {})
    assert blank_lines_removed(bench.report.replaced(page, part)) == blank_lines_removed(without)


def blank_lines_removed(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line)


def test_the_plots_show_each_family_and_are_reproducible(
    bench: SimpleNamespace, tmp_path: pathlib.Path
) -> None:
    pytest.importorskip("matplotlib")
    plots = importlib.import_module("suite.plots")
    rounds: dict[str, list[float | None]] = {"sioserve": [1, 2, 3], "uvicorn": [4, None, 5]}
    rows = [
        *(row_of(bench, rounds, key=f"hello-{number}") for number in (64, 512, 4096)),
        row_of(bench, {"sioserve": [7] * 3}, key="idle", section="Memory", compared="KB"),
        latencies(bench),
    ]
    found = run(bench, rows)
    (tmp_path / "benchmarks-old.svg").write_text("of an earlier run")
    written = plots.write(found, tmp_path)
    files = {name for section in written.values() for name, _ in section}
    assert files == {path.name for path in tmp_path.glob("*.svg")}
    assert files == {
        f"benchmarks-{name}.svg" for name in ("http", "growth-hello", "memory", "paced")
    }
    first = {path.name: path.read_text() for path in tmp_path.glob("*.svg")}
    assert "uvicorn" in first["benchmarks-http.svg"]
    assert "99 %" in first["benchmarks-paced.svg"]
    plots.write(found, tmp_path)
    assert first == {path.name: path.read_text() for path in tmp_path.glob("*.svg")}


def latencies(bench: SimpleNamespace) -> Any:
    def measure(server: str, seconds: float) -> Any:
        return bench.row.Measurement(figures={"p50 ms": 1.0, "p90 ms": 2.0, "p99 ms": 5.0})

    servers = ("sioserve", "uvicorn")
    return bench.row.Row(
        "paced", "Latency", "paced", "request", "p99 ms", True, "", servers, measure
    )
