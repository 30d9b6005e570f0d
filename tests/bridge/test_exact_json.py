"""JSON that keeps bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sio import exact_json

SAME = [
    None,
    True,
    0.1,
    -(10**30),
    "\ud800 \x00 \u2028",
    b"\x00\xff",
    {"sio.bytes": b"x"},
    {"sio.bytes": [1]},
    {"sio.bytes": {"sio.bytes": "eA=="}},
    {"": [{"a": [b"", []]}, {}]},
]
FAULTS = [
    (object(), "v"),
    ({1: "a number as key"}, "v[1]"),
    ({"a": [0, {"b": {2}}]}, "v['a'][1]['b']"),
    ((b"x", bytearray(b"x")), "v[1]"),
    ({"sio.bytes": object()}, "v['sio.bytes']"),
]


@pytest.mark.parametrize("value", SAME)
def test_a_value_without_fault_is_the_same_afterwards(value: Any) -> None:
    assert exact_json.fault_of(value, "v") is None
    assert exact_json.loads(exact_json.dumps(value)) == value


@pytest.mark.parametrize(("value", "path"), FAULTS)
def test_a_fault_is_named_by_its_path(value: Any, path: str) -> None:
    assert exact_json.fault_of(value, "v") == path


def test_the_text_is_ascii_json_without_raw_bytes() -> None:
    text = exact_json.dumps({"a": b"\xff", "b": "ä"})
    assert text.isascii()
    assert json.loads(text) == {"a": {"sio.bytes": "/w=="}, "b": "ä"}


def test_other_objects_are_converted_by_the_default() -> None:
    assert exact_json.loads(exact_json.dumps([{1}], lambda one: [b"x", *one])) == [[b"x", 1]]
    with pytest.raises(TypeError):
        exact_json.dumps({1})
