"""Measures sioserve and other servers with every row in bench/suite, and writes docs/benchmarks.md.

Each server runs pinned to one core, and its load comes from another. Rows are measured round by
round, with the servers taking turns within each row. A server that is not installed, or fails, is
named with the reason and does not stop the run. `scripts/bench` provides everything.

A complete run is kept: it writes bench/results.json, docs/benchmarks.md and its plots. So does a
run of some rows with --keep, which leaves the others as they were. Any other run writes
build/bench-results.json, or --out, and no documentation.

    python bench/everything.py [--rounds 3] [--seconds 3] [--rows hello,broadcast]
                               [--servers "uvicorn,granian st"] [--keep] [--out FILE] [--smoke]
    python bench/everything.py --report        only writes the documentation from bench/results.json
    python bench/everything.py --list          the rows and their servers
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import pathlib
import pkgutil
import resource
import sys
from collections.abc import Callable, Sequence

import suite
from servers import needs_two_cores
from suite import report, results
from suite.aims import ratio_to
from suite.results import ROOT, Results, RowResult
from suite.row import SECTIONS, SMOKE_SECONDS, Measurement, Row, Unavailable, plural

KEPT = ROOT / "bench/results.json"
NOT_KEPT = ROOT / "build/bench-results.json"


def all_rows() -> list[Row]:
    """Of every module of suite/ whose name ends in `_rows`, in the order of the sections."""
    names = [module.name for module in pkgutil.iter_modules(suite.__path__)]
    rows: list[Row] = []
    for name in sorted(name for name in names if name.endswith("_rows")):
        rows += importlib.import_module(f"suite.{name}").ROWS
    return sorted(rows, key=lambda row: SECTIONS.index(row.section))


def chosen(rows: Sequence[Row], patterns: str, servers: str) -> list[Row]:
    """The rows with a pattern in their keys, with sioserve and the other servers of the list."""
    wanted = [pattern for pattern in patterns.split(",") if pattern]
    kept = [row for row in rows if not wanted or any(one in row.key for one in wanted)]
    if not servers:
        return kept
    names = {"sioserve", *servers.split(",")}
    return [
        dataclasses.replace(row, servers=tuple(one for one in row.servers if one in names))
        for row in kept
    ]


def measure(row: Row, server: str, seconds: float) -> tuple[Measurement | None, str]:
    """The measurement, or None and the reason."""
    try:
        return row.measure(server, seconds), ""
    except Unavailable as reason:
        return None, str(reason)
    except SystemExit as failed:  # of servers.py: a server or a load generator ended
        return None, _one_line(str(failed.code))
    except Exception as failed:
        return None, _one_line(f"{type(failed).__name__}: {failed}")


def _one_line(text: str) -> str:
    lines = text.strip().splitlines() or ["no reason given"]
    return lines[-1][:200]


def run(rows: Sequence[Row], found: Results, save: Callable[[], object] = lambda: None) -> None:
    """Measures all rounds into `found`, and prints each value. Saves after each row."""
    for row in rows:
        found.rows[row.key] = RowResult.of(row)
    for number in range(found.rounds):
        for row in rows:
            print(f"\nround {number + 1}: {row.key} ({row.title})", flush=True)
            # Another one begins in each round: what a server does to its successor evens out.
            first = number % len(row.servers)
            for server in row.servers[first:] + row.servers[:first]:
                measured, failure = measure(row, server, found.seconds)
                result = found.rows[row.key].servers[server]
                result.rounds.append(measured)
                result.failure = failure or result.failure
                print(f"  {server:<22} {described(measured, row) or failure}", flush=True)
            save()


def described(measured: Measurement | None, row: Row) -> str:
    if measured is None:
        return ""
    parts = [] if measured.rate is None else [f"{measured.rate:12,.0f} {plural(row.unit)}/s"]
    if measured.cpu is not None:
        parts.append(f"{measured.cpu:10,.2f} CPU µs")
    parts += [f"{name} {value:,.3f}" for name, value in measured.figures.items()]
    return "  ".join(parts)


def print_ratios(found: Results) -> None:
    print("\ntimes as good as (median, range of the rounds)")
    for row in found.rows.values():
        print(f"{row.key} ({row.compared})")
        for server in row.servers:
            ratio = ratio_to(row, server) if server != "sioserve" else None
            if ratio:
                print(f"  {server:<22} {ratio.median:6.2f} ({ratio.least:.2f} to {ratio.most:.2f})")


def kept_rows() -> dict[str, RowResult]:
    """Of an earlier run; without rows that no longer exist."""
    keys = {row.key for row in all_rows()}
    return {key: row for key, row in results.read(KEPT).rows.items() if key in keys}


def allow_many_connections() -> None:
    """Raises the limit on open files as far as possible; servers and load generators inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def failed_rows(found: Results) -> list[str]:
    """The rows that sioserve itself failed in."""
    return [key for key, row in found.rows.items() if row.servers["sioserve"].failure]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="sioserve against other servers, every row")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of load per server and round")
    parser.add_argument("--rows", default="", help="only those with one of these in their keys")
    parser.add_argument("--servers", default="", help="only these beside sioserve")
    parser.add_argument("--keep", action="store_true", help="write the documentation")
    parser.add_argument("--out", type=pathlib.Path, help="the file of the results")
    parser.add_argument("--smoke", action="store_true", help="one short round with few clients")
    parser.add_argument("--report", action="store_true", help="only write the documentation")
    parser.add_argument("--list", action="store_true", help="print the rows")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.rounds, options.seconds = 1, SMOKE_SECONDS
    if options.keep and (options.smoke or options.servers or options.out):
        parser.error("--keep is for complete rows: not with --smoke, --servers or --out")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.report:
        report.write(results.read(KEPT))
        return 0
    rows = chosen(all_rows(), options.rows, options.servers)
    if options.list:
        for row in rows:
            print(f"{row.key:<24} {row.section:<11} {row.title}: {', '.join(row.servers)}")
        return 0
    if not rows:
        raise SystemExit(f"no row has one of {options.rows} in its key; --list prints all")
    needs_two_cores()
    allow_many_connections()
    partial = bool(options.rows or options.servers or options.smoke or options.out)
    keep = options.keep or not partial
    found = results.new(options.rounds, options.seconds)
    if keep and options.rows and KEPT.exists():
        found.rows.update(kept_rows())
    out = options.out or NOT_KEPT
    run(rows, found, lambda: results.write(found, out))
    print_ratios(found)
    if keep:
        results.write(found, KEPT)
        report.write(results.read(KEPT))  # the file has fewer digits
    if failed := failed_rows(found):
        print(f"\nsioserve failed in {', '.join(failed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
