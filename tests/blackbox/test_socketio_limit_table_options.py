"""test_socketio_limit_table.py and test_socketio_limit_table_times.py have each option that limits
what a client of Socket.IO can do, on both transports.
"""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator

import pytest
from sioserve.options.table import OPTIONS

FOLDER = pathlib.Path(__file__).parent
TABLES = ("test_socketio_limit_table.py", "test_socketio_limit_table_times.py")
NAME = re.compile(r"socketio-(max-.+|.+-timeout|recovery.*)")
# Options that mean something on one transport only, with the test that has them.
ONE_TRANSPORT = {
    "socketio-max-packets-per-poll": "test_packets_of_a_poll",
    "socketio-upgrade-timeout": "test_the_upgrade_timeout",
}
LIMITS = sorted(option.name for option in OPTIONS if NAME.fullmatch(option.name))


def functions() -> Iterator[tuple[ast.AsyncFunctionDef, set[str]]]:
    """The tests of the tables, and the texts in each, in its parametrization and in the module's
    constants that it names.
    """
    for table in TABLES:
        module = ast.parse((FOLDER / table).read_text())
        constants = {
            target.id: node.value
            for node in module.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for test in module.body:
            if isinstance(test, ast.AsyncFunctionDef) and test.name.startswith("test_"):
                nodes = list(ast.walk(test))
                for node in ast.walk(test):
                    if isinstance(node, ast.Name) and node.id in constants:
                        nodes += ast.walk(constants[node.id])
                texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
                yield test, {text for text in texts if isinstance(text, str)}


def find_tests(option: str) -> list[ast.AsyncFunctionDef]:
    """A test has the whole option, or, where it is for several, its name behind "--socketio-"."""
    wanted = {f"--{option}", option.removeprefix("socketio-")}
    return [test for test, texts in functions() if texts & wanted]


def is_on_both(test: ast.AsyncFunctionDef) -> bool:
    names = {node.id for node in test.decorator_list if isinstance(node, ast.Name)}
    return "on_both" in names


def test_there_are_limits() -> None:
    assert len(LIMITS) > 20
    assert set(ONE_TRANSPORT) < set(LIMITS)


@pytest.mark.parametrize("option", LIMITS)
def test_a_limit_is_in_the_tables(option: str) -> None:
    tests = find_tests(option)
    if option in ONE_TRANSPORT:
        assert ONE_TRANSPORT[option] in {test.name for test in tests}
    else:
        assert any(is_on_both(test) for test in tests)
