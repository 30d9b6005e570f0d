"""The counts that are kept in a file, and what has changed since."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable

LIMIT = 5.0  # percent

# Instructions for one unit, by scenario and threads: "Python" or "I/O".
Counts = dict[str, dict[str, int]]


@dataclasses.dataclass(frozen=True)
class Kept:
    """What the file has: the counts, and the versions of what they depend on."""

    versions: dict[str, str]
    counts: Counts


def read_kept(path: pathlib.Path) -> Kept:
    """Raises SystemExit."""
    try:
        content = json.loads(path.read_text())
        return Kept(content["versions"], content["counts"])
    except FileNotFoundError:
        raise SystemExit(f"{path} does not exist; --keep writes it") from None
    except (ValueError, KeyError, TypeError) as problem:
        raise SystemExit(f"{path} can't be read: {problem!r}") from None


def write_kept(path: pathlib.Path, kept: Kept) -> None:
    path.write_text(json.dumps({"versions": kept.versions, "counts": kept.counts}, indent=2) + "\n")


def with_counted(kept: Kept, versions: dict[str, str], counted: Counts) -> Kept:
    """Replaces the counts of some scenarios. Raises SystemExit if the others would be of other
    versions.
    """
    others = kept.counts.keys() - counted.keys()
    if others and kept.versions != versions:
        raise SystemExit(
            f"{different_versions(kept.versions, versions)} Keep all scenarios, not only some."
        )
    return Kept(versions, {**kept.counts, **counted})


def different_versions(kept: dict[str, str], counted: dict[str, str]) -> str:
    """A sentence, or nothing if they are the same."""
    differences = [
        f"{name} {counted.get(name, 'none')} instead of {kept.get(name, 'none')}"
        for name in {**kept, **counted}
        if kept.get(name) != counted.get(name)
    ]
    return f"Counted with other versions than kept: {', '.join(differences)}." * bool(differences)


@dataclasses.dataclass(frozen=True)
class Change:
    """The instructions of a scenario's Python or I/O threads; None where there is no count."""

    scenario: str
    threads: str
    counted: int | None
    kept: int | None

    @property
    def percent(self) -> float:
        """By how much it grew; infinite if there was nothing to grow."""
        before, after = self.kept or 0, self.counted or 0
        if not before:
            return float("inf") if after else 0.0
        return (after - before) / before * 100

    def __str__(self) -> str:
        return f"{self.scenario} ({self.threads})"


def changes(kept: Counts, counted: Counts) -> list[Change]:
    """Of the scenarios that were counted."""
    found = []
    for scenario, after in counted.items():
        before = kept.get(scenario, {})
        for threads in {**before, **after}:
            found.append(Change(scenario, threads, after.get(threads), before.get(threads)))
    return found


def names(some: Iterable[Change]) -> str:
    return ", ".join(str(change) for change in some)


def regressions(found: list[Change]) -> list[str]:
    """Sentences about what makes the command fail."""
    new = [change for change in found if change.kept is None]
    grown = [change for change in found if change.kept is not None and change.percent > LIMIT]
    sentences = []
    if grown:
        sentences.append(f"Grown by more than {LIMIT:g} %: {names(grown)}.")
    if new:
        sentences.append(f"Not in the file: {names(new)}. Keep them with --keep.")
    return sentences


def improvements(found: list[Change]) -> list[str]:
    """Sentences about what should be kept, so that it does not grow again."""
    shrunk = [change for change in found if change.percent < -LIMIT]
    if not shrunk:
        return []
    return [f"Shrunk by more than {LIMIT:g} %: {names(shrunk)}. Keep them with --keep."]
