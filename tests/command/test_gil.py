"""What the command says about the GIL of a free-threaded Python."""

from __future__ import annotations

import sys
import sysconfig

import pytest
from sioserve.errors import StartupError
from sioserve.gil import check_gil, gil_words


def test_it_does_not_start_without_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with pytest.raises(StartupError, match="remove PYTHON_GIL=0"):
        check_gil()


def test_it_starts_with_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    check_gil()
    monkeypatch.delattr(sys, "_is_gil_enabled")
    check_gil()


@pytest.mark.parametrize(
    ("disabled", "words"), [(None, ""), (0, ""), (1, " (free-threaded build, GIL enabled)")]
)
def test_the_first_log_line_names_a_free_threaded_build(
    monkeypatch: pytest.MonkeyPatch, disabled: int | None, words: str
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": disabled}.get)
    assert gil_words() == words
