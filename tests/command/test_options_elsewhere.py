"""The advice about options of other servers."""

from __future__ import annotations

import re

import pytest
from sioserve.options.command_line import known_flags
from sioserve.options.elsewhere import REASONS


@pytest.mark.parametrize(("pattern", "reason"), REASONS)
def test_advice_names_options_that_exist(pattern: str, reason: str) -> None:
    assert set(re.findall(r"--[a-z-]+", reason)) <= set(known_flags())


@pytest.mark.parametrize("flag", known_flags())
def test_no_advice_hides_an_option(flag: str) -> None:
    assert not any(re.fullmatch(pattern, flag) for pattern, _ in REASONS)
