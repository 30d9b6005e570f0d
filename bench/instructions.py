"""Instructions per unit of work, in the Python and the I/O threads; finds regressions.

A server runs under callgrind for each scenario. What its threads execute is counted between two
dumps, so that start, connecting and stop are excluded. Unlike times, these counts do not depend on
other load, and a change of a few percent is visible. They are compared with those that are kept in
bench/instructions.json. The exit code is 1 if one has grown by more than 5 %.

    python bench/instructions.py [request] [event] ...
    python bench/instructions.py --keep              writes the file

Needs valgrind; `scripts/bench instructions` provides everything.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import pathlib
import platform
import re
import subprocess
import tempfile
from collections.abc import Sequence

from instruction_counts.callgrind import CountedServer, counted_server
from instruction_counts.kept import (
    LIMIT,
    Change,
    Counts,
    Kept,
    changes,
    different_versions,
    improvements,
    read_kept,
    regressions,
    with_counted,
    write_kept,
)
from instruction_counts.scenarios import SCENARIOS, Round, Scenario, write_files
from servers import HERE, free_port, sioserve

FILE = HERE / "instructions.json"
WARM_UP = 0.2  # of the number of units, before those that are counted

# Nothing is due while a server is slow.
NO_TIMEOUTS = (
    *("--socketio-ping-interval=86400", "--socketio-connect-timeout=86400", "--ping-interval=0"),
    *("--websocket-connect-timeout=86400", "--timeout-keep-alive=86400"),
    *("--timeout-first-byte=86400", "--timeout-headers=86400", "--timeout-body=86400"),
)

# Threads that execute less than this part of a scenario's instructions are left out: they hardly
# have to do with the scenario, and their count is not stable.
SHARE = 0.05


def count(scenario: Scenario, units: int, options: Sequence[str]) -> dict[str, int]:
    """Instructions for one unit, by "Python" and "I/O". Raises SystemExit."""
    port = free_port()
    command = [sioserve(), scenario.application, f"--port={port}"]
    # A scenario's own options take precedence over the environment.
    env = {"DJANGO_SETTINGS_MODULE": "django_site.settings", "SIOSERVE_ACCESS_LOG": "none"}
    with tempfile.TemporaryDirectory() as name:
        write_files(pathlib.Path(name))
        own = [option.format(folder=name) for option in scenario.options]
        with counted_server([*command, *NO_TIMEOUTS, *own, *options], port, env) as server:
            turn = scenario.load(port)
            server.start()
            repeat(server, turn, int(units * WARM_UP))
            server.counted()
            done = repeat(server, turn, units)
            counted = server.counted()
    return {
        threads: round(instructions / done)
        for threads, instructions in counted.items()
        if instructions > SHARE * sum(counted.values())
    }


def repeat(server: CountedServer, turn: Round, units: int) -> int:
    """Returns how many units there were."""
    done = 0
    while done < units:
        with server.paused():
            turn.send()
        turn.receive()
        done += turn.units
    return done


def versions() -> dict[str, str]:
    """Of what the counts depend on."""
    packages = {name: package_version(name) for name in ("uvloop", "django")}
    return {
        "machine": platform.machine(),
        "compiler": compiler(),
        "python": platform.python_version(),
        **packages,
        "libc": " ".join(platform.libc_ver()),
        "valgrind": output_of("valgrind", "--version").strip().removeprefix("valgrind-"),
    }


def package_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def compiler() -> str:
    """The compilers write their names into the executable."""
    section = output_of("readelf", "--string-dump=.comment", sioserve())
    found = re.findall(r"\]\s+(.+)", section)
    return ", ".join(sorted(set(found))) or "unknown"


def output_of(*command: str) -> str:
    """Raises SystemExit."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as problem:
        raise SystemExit(f"{command[0]}: {problem}") from None


def print_change(change: Change) -> None:
    counted, kept = (
        "-" if number is None else f"{number:,}" for number in (change.counted, change.kept)
    )
    percent = "" if change.kept is None else f"{change.percent:+.1f} %"
    line = f"{change.scenario:>10} {change.threads:>8} {counted:>10} {kept:>10} {percent:>9}"
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Raises SystemExit."""
    scenarios = "\n".join(f"{name:>12}: {each.what}" for name, each in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        description="Instructions for one unit, compared with those that are kept.",
        epilog=f"scenarios, and their units:\n{scenarios}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", help="all, if none is named")
    parser.add_argument("--keep", action="store_true", help="write what is counted to the file")
    parser.add_argument("--file", type=pathlib.Path, default=FILE, help="instead of %(default)s")
    parser.add_argument("--units", type=int, help="to count, instead of each scenario's own number")
    parser.add_argument("--options", default="", help="of the server, for example --loop=asyncio")
    options = parser.parse_args(arguments)
    for name in options.scenarios:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    names = options.scenarios or list(SCENARIOS)

    found = versions()
    kept = Kept({}, {})
    if not options.keep or (options.file.exists() and len(names) < len(SCENARIOS)):
        kept = read_kept(options.file)
    if options.keep:
        with_counted(kept, found, {name: {} for name in names})  # raises before it takes minutes
    print(f"{'scenario':>10} {'threads':>8} {'counted':>10} {'kept':>10} {'change':>9}")
    counted: Counts = {}
    for name in names:
        scenario = SCENARIOS[name]
        counted[name] = count(scenario, options.units or scenario.units, options.options.split())
        for change in changes(kept.counts, {name: counted[name]}):
            print_change(change)
    if options.keep:
        write_kept(options.file, with_counted(kept, found, counted))
        print(f"{options.file} has been written.")
        return
    report(kept, found, counted)


def report(kept: Kept, found: dict[str, str], counted: Counts) -> None:
    """Raises SystemExit if there are regressions."""
    every = changes(kept.counts, counted)
    sentences = [different_versions(kept.versions, found), *improvements(every)]
    print("\n".join(filter(None, sentences)))
    if failures := regressions(every):
        raise SystemExit("\n".join(failures))
    print(f"No count has grown by more than {LIMIT:g} %.")


if __name__ == "__main__":
    main()
