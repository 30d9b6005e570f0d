"""The conformance test suite h2spec (RFC 7540 and 7541, strict). scripts/setup installs it where Go
is.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from support.certificates import Authority
from support.server import ServerProcess

BUILT = pathlib.Path(__file__).resolve().parents[2] / "build" / "h2spec" / "h2spec"

# RFC 9113 has dropped the priorities of RFC 7540, and this rule with them.
PRIORITY = "Sends PRIORITY frame that depend on itself"
# Without TLS, a connection that does not begin with the preface is one of HTTP/1.1.
PREFACE = "Sends invalid connection preface"


def h2spec() -> str:
    found = str(BUILT) if BUILT.exists() else shutil.which("h2spec")
    if found is None:
        pytest.skip("h2spec is not installed: scripts/setup needs Go for it")
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("tls", "expected"), [(True, {PRIORITY}), (False, {PRIORITY, PREFACE})])
def test_h2spec_passes(
    start_server: Callable[..., ServerProcess],
    tmp_path: pathlib.Path,
    tls: bool,
    expected: set[str],
) -> None:
    command = h2spec()
    options = Authority(tmp_path).issue().options if tls else ("--http2-cleartext",)
    server = start_server("plain:application", *options)
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [
            *(command, "--strict", "--port", str(server.port), "--path", "/hello"),
            *("--timeout", "5", "--junit-report", str(report)),
            *(("--tls", "--insecure") if tls else ()),
        ],
        capture_output=True,
        text=True,
        timeout=280,
    )
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    assert len(cases) > 140, done.stdout + done.stderr
    failed = {case.get("classname") for case in cases if case.find("failure") is not None}
    assert failed <= expected, done.stdout[done.stdout.index("Failures:") :]
