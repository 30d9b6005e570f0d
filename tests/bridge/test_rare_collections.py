"""The garbage collector while the application is imported, and afterwards."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from sioserve.startup_objects import (
    DURING_START,
    collect_as_before,
    collect_rarely,
    freeze_startup_objects,
)


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_it_runs_rarely_until_the_start_is_over() -> None:
    collect_rarely()
    assert gc.get_threshold() == DURING_START
    freeze_startup_objects()
    assert gc.get_threshold() == (700, 10, 10)
    assert gc.get_freeze_count() > 0


class Knot:
    def __init__(self) -> None:
        self.itself = self


def test_new_garbage_is_freed_without_a_visit_of_all_objects() -> None:
    generations: list[int] = []

    def record(phase: str, info: dict[str, Any]) -> None:
        generations.append(info["generation"])

    collect_rarely()
    garbage = weakref.ref(Knot())
    gc.callbacks.append(record)
    try:
        freeze_startup_objects()
    finally:
        gc.callbacks.remove(record)
    assert garbage() is None
    assert set(generations) == {0}


def test_the_end_of_a_start_may_come_twice_or_without_a_beginning() -> None:
    collect_as_before()
    assert gc.get_threshold() == (700, 10, 10)
    collect_rarely()
    collect_as_before()
    collect_as_before()
    assert gc.get_threshold() == (700, 10, 10)


def test_thresholds_that_the_application_sets_stay() -> None:
    collect_rarely()
    gc.set_threshold(5_000, 20, 30)
    collect_as_before()
    assert gc.get_threshold() == (5_000, 20, 30)


@pytest.mark.parametrize("thresholds_of_python", [(0, 10, 10), (100_000, 5, 5)])
def test_a_collector_that_runs_less_often_stays_as_it_is(
    thresholds_of_python: tuple[int, int, int],
) -> None:
    gc.set_threshold(*thresholds_of_python)
    collect_rarely()
    assert gc.get_threshold() == thresholds_of_python
    collect_as_before()
    assert gc.get_threshold() == thresholds_of_python
