"""`sio` in a Django project: users, sessions, settings, database, autodiscovery."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from importlib.util import find_spec

import pytest

SCENARIOS = pathlib.Path(__file__).with_name("sio_django_scenarios.py")


@pytest.mark.parametrize(
    "scenario",
    [
        "user_and_session_of_the_cookie",
        "anonymous_without_a_cookie_needs_no_database",
        "anonymous_with_an_invalid_cookie",
        "rotated_secret_key_keeps_the_session",
        "user_of_the_middleware_is_kept",
        "lazy_user_is_resolved",
        "channels_middleware",
        "no_user_without_django_auth",
        "handlers_use_the_database",
        "settings_are_read_when_they_are_used",
        "django_values_are_encoded",
        "values_of_all_model_fields_are_encoded",
        "nested_values_are_encoded_like_djangos_encoder",
        "the_encoder_can_be_chosen",
        "autodiscover_imports_sockets_and_consumers",
    ],
)
def test_scenario(scenario, tmp_path):
    if scenario == "channels_middleware" and find_spec("channels") is None:
        pytest.skip("Channels is not installed")
    env = {**os.environ, "PYTHONWARNINGS": "error::RuntimeWarning"}
    command = [sys.executable, str(SCENARIOS), scenario, str(tmp_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
