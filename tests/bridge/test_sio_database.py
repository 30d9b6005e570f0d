"""Database connections of Socket.IO handlers: lost and old connections."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

SCENARIOS = pathlib.Path(__file__).with_name("sio_database_scenarios.py")


@pytest.mark.parametrize(
    "scenario",
    [
        "a_broken_connection_makes_one_handler_fail",
        "a_lost_connection_that_is_kept_makes_one_handler_fail",
        "a_lost_connection_does_not_affect_a_plain_handler",
        "a_lost_connection_makes_one_plain_handler_fail",
        "a_plain_handler_gets_no_old_connection",
        "a_websocket_gets_a_working_connection_again",
        "a_websocket_may_have_a_thread_of_its_own",
        "the_end_of_a_websocket_closes_no_cursor_of_another",
        "connections_are_closed_after_each_handler",
        "old_connections_are_closed_before_a_handler_uses_them",
        "connections_below_conn_max_age_are_kept",
        "handlers_without_database_use_run_on_the_loop_only",
        "a_cursor_of_another_handler_stays_open",
        "a_lost_connection_is_closed_while_another_handler_runs",
        "tasks_that_a_handler_has_started_get_working_connections",
        "plain_handlers_have_their_own_threads",
        "checks_hooks_and_callbacks_get_working_connections",
        "sync_code_that_runs_its_own_event_loop_does_not_deadlock",
    ],
)
def test_scenario(scenario: str, tmp_path: pathlib.Path) -> None:
    command = [sys.executable, str(SCENARIOS), scenario, str(tmp_path)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
