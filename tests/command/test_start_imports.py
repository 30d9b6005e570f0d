"""The start of a server does not load modules that take time and that only some servers need."""

from __future__ import annotations

import subprocess
import sys

# For an interpreter of its own. The methods of one dataclass take about a millisecond to generate.
PROGRAM = """
import dataclasses, sys

original, made = dataclasses._process_class, []

def counted(cls, *args, **kwargs):
    made.append(f"{cls.__module__}.{cls.__qualname__}")
    return original(cls, *args, **kwargs)

dataclasses._process_class = counted
import sioserve.cli, sioserve.runner, sioserve.service, sio
print(*sorted(sys.modules))
print(*made)
"""
# For a configuration file, --log-config, and the check for django-sio.
NEEDED_RARELY = {"tomllib", "tomli", "configparser", "importlib.metadata"}
MOST_DATACLASSES = 10


def test_loads_no_module_that_few_servers_need_and_generates_few_dataclasses() -> None:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True
    ).stdout
    modules, dataclasses = (line.split() for line in output.splitlines())
    assert "sioserve.options.toml_file" in modules
    assert NEEDED_RARELY.isdisjoint(modules)
    assert 0 < len(dataclasses) <= MOST_DATACLASSES, dataclasses
