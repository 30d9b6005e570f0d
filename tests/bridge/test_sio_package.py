"""What `import sio` alone makes reachable."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import sio


def test_the_admin_ui_is_imported_when_it_is_first_used() -> None:
    code = (
        "import json, sys, sio\n"
        "before = 'sio.admin' in sys.modules\n"
        "print(json.dumps([before, sio.admin.instrument.__module__, sio.admin is sio.admin]))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(run.stdout) == [False, "sio.admin.console", True]


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sio' has no attribute 'admn'"):
        _ = sio.admn  # type: ignore[attr-defined]
