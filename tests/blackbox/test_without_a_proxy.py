"""The chapter "Without a proxy" of docs/deployment.md, followed literally."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator

import pytest
from support.fresh_machine import FreshMachine
from support.sanitizers import ADDRESS_SANITIZER
from support.server import ROOT
from support.waiting import eventually

TRUSTING = "--cacert /etc/letsencrypt/live/example.org/fullchain.pem"
CURL = f"curl --silent --show-error --max-time 60 {TRUSTING}"

PROJECT = {
    "settings.py": """
ALLOWED_HOSTS = ["example.org"]
ROOT_URLCONF = "project.urls"
SECRET_KEY = "of a test"
""",
    "urls.py": """
from django.http import JsonResponse
from django.urls import path

def seen(request):
    return JsonResponse({"scheme": request.scheme, "client": request.META["REMOTE_ADDR"]})

urlpatterns = [path("", seen)]
""",
    "asgi.py": """
from django.core.asgi import get_asgi_application

application = get_asgi_application()
""",
}


def chapter(title: str) -> str:
    text = (ROOT / "docs" / "deployment.md").read_text()
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    return str(found)


def unit_file(text: str) -> str:
    (found,) = re.findall(
        r"```ini\n# /etc/systemd/system/project\.service\n(.*?)```", text, re.DOTALL
    )
    return str(found)


def changed(unit: str, change: str) -> str:
    """With the settings in `change` instead of those with the same names."""
    for setting in re.findall(r"^\w+=(?:.*\\\n)*.*\n", change, re.MULTILINE):
        name = setting.partition("=")[0]
        unit = re.sub(rf"^{name}=(?:.*\\\n)*.*\n", "", unit, flags=re.MULTILINE)
        unit = unit.replace("[Service]\n", f"[Service]\n{setting}")
    return unit


def steps() -> list[str]:
    """The blocks of the chapter: commands, or the change of the service."""
    block = re.compile(r"^ {3}```ini\n(?:.*\n)*? {3}```$|(?:^ {7}.*\n)+", re.MULTILINE)
    return [textwrap.dedent(found) for found in block.findall(chapter("Without a proxy"))]


@pytest.fixture
def machine() -> Iterator[FreshMachine]:
    if os.geteuid() != 0:
        pytest.skip("only root can make namespaces")
    with FreshMachine() as machine:
        machine.install_sioserve("/srv/project/.venv")
        for name, text in PROJECT.items():
            machine.write(f"/srv/project/project/{name}", text)
        machine.write("/srv/project/static/site.css", "body {}")
        yield machine


def serial_number(machine: FreshMachine) -> str:
    """Of the certificate that the server uses."""
    client = "openssl s_client -connect example.org:443 -servername example.org"
    return machine.run(f"{client} < /dev/null 2>&1 | openssl x509 -noout -serial")


@pytest.mark.timeout(300)
@pytest.mark.skipif(ADDRESS_SANITIZER, reason="the sanitizer needs the environment of the tests")
def test_without_a_proxy(machine: FreshMachine) -> None:
    certificate, hook, service, start, look = steps()
    machine.run(certificate)
    machine.run(hook)
    unit = changed(unit_file(chapter("systemd")), service)
    assert "--proxy-headers" not in unit, "the chapter says: leave it out"
    machine.write("/etc/systemd/system/project.service", unit)

    restart, renewal = start.splitlines()
    machine.run(restart)
    try:
        follow(machine, renewal)
        location, status = look_at(machine, look)
    finally:
        log = machine.run("systemctl stop project; cat /run/project.log")
        print(log)
    assert location == "location: https://example.org/"
    assert status == "HTTP/2 200"
    assert "Traceback" not in log


def look_at(machine: FreshMachine, commands: str) -> list[str]:
    """The lines that they show; curl trusts the authority of the test."""
    trusting = "export CURL_CA_BUNDLE=/etc/letsencrypt/live/example.org/fullchain.pem"
    return [line.strip() for line in machine.run(f"{trusting}\n{commands}").splitlines()]


def follow(machine: FreshMachine, renewal: str) -> None:
    def get(*options: str, url: str = "https://example.org/") -> str:
        return machine.run(f"{CURL} {' '.join(options)} {url}")

    assert get() == '{"scheme": "https", "client": "127.0.0.1"}'
    assert get("--resolve example.org:443:[::1]") == '{"scheme": "https", "client": "::1"}'
    assert get("--write-out %{http_version} --output /dev/null") == "2"
    assert get(url="https://example.org/static/site.css") == "body {}"
    redirected = get("--write-out '%{redirect_url}'", url="http://example.org/some/page?a=b")
    assert redirected.endswith("https://example.org/some/page?a=b")
    assert machine.run("stat --format=%U:%a /etc/project/tls/example.org.key") == "project:400\n"

    before = serial_number(machine)
    machine.run(renewal)
    eventually(lambda: serial_number(machine) != before)
    assert get() == '{"scheme": "https", "client": "127.0.0.1"}'
