"""Invalid ids, counts and times from Python are refused with the name of the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _sioserve
import pytest

Call = Callable[[Any, Any], Any]

ID = 2**64 - 1
COUNT = 2**64 - 1
CENTURY = 100 * 365 * 24 * 60 * 60 * 1000
INT = 2**31 - 1

# The largest figures.
FIGURES = {
    **dict.fromkeys(
        (
            *("resident_bytes", "threads_limit", "threads_busy", "threads_borrowed"),
            *("threads_queued", "threads_refused"),
        ),
        COUNT,
    ),
    **dict.fromkeys(
        (
            *("loop_delay_us", "gil_wait_us", "cpu_time_us", "gc_time_us"),
            "threads_oldest_wait_us",
        ),
        CENTURY * 1000,
    ),
}

# The method, the argument, the largest value, and a call with a value for the argument.
TABLE: list[tuple[str, str, int, Call]] = [
    ("listen_tcp", "port", 65_535, lambda server, n: server.listen_tcp("127.0.0.1", n)),
    ("listen_metrics", "port", 65_535, lambda server, n: measured.listen_metrics("127.0.0.1", n)),
    ("listen_unix", "mode", 0o777, lambda server, n: server.listen_unix("/nowhere/at/all", n)),
    ("listen_fd", "fd", INT, lambda server, n: server.listen_fd(n)),
    ("listen_cluster", "port", 65_535, lambda server, n: server.listen_cluster("", n, "")),
    ("add_process", "fd", INT, lambda server, n: server.add_process(n, "name")),
    ("add_process", "place", ID, lambda server, n: server.add_process(0, "name", n)),
    *(
        ("report_figures", name, most, lambda server, n, name=name: report(server, name, n))
        for name, most in FIGURES.items()
    ),
    ("retire_processes", "number", ID, lambda server, n: server.retire_processes([n], "reload")),
    ("end_process", "number", ID, lambda server, n: server.end_process(n)),
    ("keep_session", "session", ID, lambda server, n: server.keep_session(n, "")),
    ("keep_socket", "socket", ID, lambda server, n: server.keep_socket(n, "")),
    ("let_session_go", "session", ID, lambda server, n: server.let_session_go(n)),
    ("give_up_session", "session", ID, lambda server, n: server.give_up_session(n)),
    ("tell_processes", "to", ID, lambda server, n: server.tell_processes("text", n)),
    ("ask_servers", "number", ID, lambda server, n: ask(server, n, 1)),
    ("ask_servers", "timeout_ms", CENTURY, lambda server, n: ask(server, 1, n)),
    ("answer_server", "number", ID, lambda server, n: server.answer_server(n, [None])),
    ("decide_handshake", "handshake", ID, lambda server, n: server.decide_handshake(n)),
    ("make_relays", "max_bytes", COUNT, lambda server, n: server.make_relays([relay(n, 0)])),
    ("make_relays", "rate", COUNT, lambda server, n: server.make_relays([relay(0, n)])),
    ("accept_socket", "socket", ID, lambda server, n: server.accept_socket(n)),
    ("refuse_socket", "socket", ID, lambda server, n: server.refuse_socket(n, "no")),
    ("emit", "socket", ID, lambda server, n: server.emit(n, ["event"])),
    ("emit", "callback_id", ID, lambda server, n: server.emit(1, ["event"], n)),
    ("ack", "socket", ID, lambda server, n: server.ack(n, 1, [])),
    ("ack", "ack_id", ID, lambda server, n: server.ack(1, n, [])),
    ("events_done", "socket", ID, lambda server, n: server.events_done(n, 1)),
    ("events_done", "count", COUNT, lambda server, n: server.events_done(1, n)),
    ("join", "socket", ID, lambda server, n: server.join(n, "room")),
    ("leave", "socket", ID, lambda server, n: server.leave(n, "room")),
    ("leave_all", "socket", ID, lambda server, n: server.leave_all(n)),
    ("close_socket", "socket", ID, lambda server, n: server.close_socket(n)),
    ("watch", "socket", ID, lambda server, n: server.watch(n, "drain")),
    ("release_socket", "socket", ID, lambda server, n: server.release_socket(n)),
    ("rooms_of", "socket", ID, lambda server, n: server.rooms_of(n)),
    ("membership", "socket", ID, lambda server, n: server.membership(n, "room")),
    ("session_status", "session", ID, lambda server, n: server.session_status(n)),
    ("set_log_level", "level", INT, lambda server, n: server.set_log_level("sioserve", n)),
    ("flush_logs", "timeout_ms", CENTURY, lambda server, n: server.flush_logs(n)),
]
# Without an event loop, nothing is started and the descriptor stays open.
PROCESS_TABLE: list[tuple[str, str, int, Call]] = [
    ("start_with", "fd", INT, lambda server, n: server.start_with(None, print, n)),
]
LOOPBACK_TABLE: list[tuple[str, str, int, Call]] = [
    ("receive", "session", ID, lambda server, n: server.receive(n, "0")),
    ("take_sent", "session", ID, lambda server, n: server.take_sent(n)),
    ("is_open", "session", ID, lambda server, n: server.is_open(n)),
    ("close_session", "session", ID, lambda server, n: server.close_session(n)),
    ("advance", "milliseconds", CENTURY, lambda server, n: server.advance(n)),
]
WITHOUT_NUMBERS = {
    *(
        "start",
        "_drain",
        "space",
        "running_tasks",
        "start_task",
        "counts",
        "stop",
        "add_namespace",
        "open_logs",
    ),
    *("broadcast", "change_sockets", "sockets_in", "namespace_rooms", "take_room_changes"),
    *("watch_rooms", "unwatch_rooms", "other_processes", "process_status"),
    *("socket_count", "is_client_id", "namespaces_in_use", "client_count"),
    *("load_certificates", "reload_certificates"),
    *(
        "serve_dynamic_namespaces",
        "ask_about_handshakes",
        "ask_about_origins",
        "watch_refusals",
        "reopen_logs",
        "end",
        "log_pending",
    ),
}
PROCESS_WITHOUT_NUMBERS = {"_drain", "_receive", "_end_turn"}
LOOPBACK_WITHOUT_NUMBERS = {"open_session"}

server = _sioserve.Server(None)
measured = _sioserve.Server(None, metrics=True)
process = _sioserve.ProcessServer(None)
loopback = _sioserve.LoopbackServer(lambda: None)
CASES = [
    *(pytest.param(server, *row, id=f"{row[0]}-{row[1]}") for row in TABLE),
    *(pytest.param(process, *row, id=f"process-{row[0]}-{row[1]}") for row in PROCESS_TABLE),
    *(pytest.param(loopback, *row, id=f"loopback-{row[0]}-{row[1]}") for row in LOOPBACK_TABLE),
]


def relay(max_bytes: Any, rate: Any) -> tuple[Any, ...]:
    return ("event", "own", [], False, False, max_bytes, rate)


def report(server: Any, name: str, number: Any) -> None:
    server.report_figures({**dict.fromkeys(FIGURES, 0), name: number})


def ask(server: Any, number: Any, timeout: Any) -> None:
    server.ask_servers(number, "count", "/", (), (), [], timeout, False, True)


def methods_of(cls: type) -> set[str]:
    return {
        name for name, value in vars(cls).items() if type(value).__name__ == "method_descriptor"
    }


def test_the_tables_have_every_method() -> None:
    assert methods_of(_sioserve.Server) == {row[0] for row in TABLE} | WITHOUT_NUMBERS
    expected = {row[0] for row in PROCESS_TABLE} | PROCESS_WITHOUT_NUMBERS
    assert methods_of(_sioserve.ProcessServer) == expected
    expected = {row[0] for row in LOOPBACK_TABLE} | LOOPBACK_WITHOUT_NUMBERS
    assert methods_of(_sioserve.LoopbackServer) == expected


@pytest.mark.parametrize(("target", "method", "argument", "largest", "call"), CASES)
def test_a_number_out_of_range_is_a_value_error(
    target: Any, method: str, argument: str, largest: int, call: Call
) -> None:
    for number in (-1, -(2**31), -(2**63), -(2**64), largest + 1, 2**64, 2**70):
        with pytest.raises(ValueError, match=rf"^{argument} must be from 0 to {largest}$"):
            call(target, number)


@pytest.mark.parametrize(("target", "method", "argument", "largest", "call"), CASES)
def test_a_value_that_is_not_an_int_is_a_type_error(
    target: Any, method: str, argument: str, largest: int, call: Call
) -> None:
    optional = argument == "callback_id"
    for value in ("1", 1.0, b"1", [1], *(() if optional else (None,))):
        kind = type(value).__name__
        with pytest.raises(TypeError, match=rf"^{argument} must be an int, not {kind}$"):
            call(target, value)


@pytest.mark.parametrize(("target", "method", "argument", "largest", "call"), CASES)
def test_the_smallest_and_the_largest_number_are_accepted(
    target: Any, method: str, argument: str, largest: int, call: Call
) -> None:
    class Index:
        def __index__(self) -> int:
            return 1

    for number in (0, Index(), largest) if method != "advance" else (0, Index()):
        try:
            call(_sioserve.Server(None) if method == "listen_tcp" else target, number)
        except OSError:
            assert method.startswith("listen_")
        except RuntimeError:
            assert "_process" in method  # this server has no processes
        except AttributeError:
            assert method == "start_with"  # of the loop
    assert server.session_status(1) is None


@pytest.mark.parametrize("cls", [_sioserve.Server, _sioserve.ProcessServer])
def test_every_number_of_the_settings_is_checked(cls: type[_sioserve.Server]) -> None:
    numbers = {
        name
        for name in SETTINGS
        if not isinstance(SETTINGS[name], bool | str | tuple) and SETTINGS[name] is not None
    }
    assert len(numbers) > 50
    for name in numbers:
        for value, error in ((-1, ValueError), (2**64, ValueError), ("1", TypeError)):
            with pytest.raises(error, match=rf"^{name}: "):
                cls(None, **{name: value})


def settings() -> dict[str, Any]:
    """The settings in _sioserve.pyi, with their defaults."""
    import ast
    import pathlib

    stub = pathlib.Path(__file__).resolve().parents[2] / "python" / "_sioserve.pyi"
    for node in ast.walk(ast.parse(stub.read_text())):
        if isinstance(node, ast.ClassDef) and node.name == "Server":
            init = next(item for item in node.body if isinstance(item, ast.FunctionDef))
            names = [argument.arg for argument in init.args.kwonlyargs]
            defaults = [ast.literal_eval(default) for default in init.args.kw_defaults if default]
            return dict(zip(names, defaults, strict=True))
    raise AssertionError("the contract has no Server")


SETTINGS = settings()
