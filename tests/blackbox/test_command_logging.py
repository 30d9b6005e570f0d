"""The command's log on stderr: levels, formats, and logging configured from a file."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import textwrap

import httpx
import pytest
from support.ports import free_port
from support.server import PATIENCE, environment, executable, run_to_end
from support.waiting import eventually

APPLICATION = """
import asyncio, logging
logging.getLogger("sio.words").debug("a detail of the server")
logging.getLogger("shop").debug("a detail of the shop")
logging.getLogger("shop").info("the shop opens")
logging.getLogger("shop").warning("the shop is empty")

async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        debug = asyncio.get_running_loop().get_debug()
        await send({"type": "http.response.body", "body": f"debug {debug}".encode()})
"""

LOG_CONFIG = {
    "formatters": {"own": {"format": "OWN %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "own": {
            "class": "logging.StreamHandler",
            "formatter": "own",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "DEBUG", "handlers": ["own"]},
}

INI = """
[loggers]
keys = root
[handlers]
keys = own
[formatters]
keys = own
[logger_root]
level = DEBUG
handlers = own
[handler_own]
class = StreamHandler
formatter = own
args = (sys.stdout,)
[formatter_own]
format = OWN %(levelname)s %(name)s: %(message)s
"""

YAML = """
formatters:
  own: {format: "OWN %(levelname)s %(name)s: %(message)s"}
handlers:
  own: {class: logging.StreamHandler, formatter: own, stream: "ext://sys.stdout"}
root: {level: DEBUG, handlers: [own]}
"""

FILES = {"log.ini": INI, "log.json": json.dumps(LOG_CONFIG), "log.yaml": YAML, "log.yml": YAML}


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "web.py").write_text(APPLICATION)
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def run(
    project: pathlib.Path, *arguments: str, path: str = "/", access_log: str = "none"
) -> tuple[str, str]:
    """The log of a server that handles one request and stops, and the response."""
    port = free_port()
    options = ["--access-log", access_log, "-p", str(port), *arguments]
    command = [executable(), "web:application", *options]
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:

        def answer() -> str:
            assert process.poll() is None, process.communicate()[0]
            try:
                return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).text
            except httpx.TransportError:
                return ""

        try:
            text = eventually(answer, seconds=PATIENCE)
        finally:
            process.send_signal(signal.SIGTERM)
            log, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, log
    return log, text


def log_of(project: pathlib.Path, *arguments: str) -> str:
    return run(project, *arguments)[0]


@pytest.mark.parametrize("arguments", [(), ("-v", "1"), ("--log-level", "info")])
def test_the_usual_level_is_info(project: pathlib.Path, arguments: tuple[str, ...]) -> None:
    log = log_of(project, *arguments)
    assert "INFO" in log
    assert "Listening on" in log
    assert "a detail of the server" not in log


@pytest.mark.parametrize("arguments", [("-v", "0"), ("--log-level", "warning")])
def test_a_lower_verbosity_or_higher_level_logs_less(
    project: pathlib.Path, arguments: tuple[str, ...]
) -> None:
    log = log_of(project, *arguments)
    assert "Listening on" not in log
    assert "the shop opens" not in log
    assert log.count("the shop is empty") == 1


@pytest.mark.parametrize("arguments", [("-v", "2"), ("--log-level", "debug")])
def test_a_higher_verbosity_or_lower_level_logs_more(
    project: pathlib.Path, arguments: tuple[str, ...]
) -> None:
    log = log_of(project, *arguments)
    assert "a detail of the server" in log
    assert "a detail of the shop" in log


@pytest.mark.parametrize("arguments", [("-v", "0"), ("--log-level", "error")])
def test_an_access_log_to_a_file_needs_no_level(
    project: pathlib.Path, arguments: tuple[str, ...]
) -> None:
    log, _ = run(project, *arguments, access_log="logging")
    assert '"GET /" 200' in log
    assert "Listening on" not in log


def test_the_access_logs_level_may_be_set(project: pathlib.Path) -> None:
    loggers = {"sioserve.access": {"level": "WARNING"}}
    config = {"version": 1, **LOG_CONFIG, "loggers": loggers}
    (project / "access.json").write_text(json.dumps(config))
    log, _ = run(project, "--log-config", "access.json", access_log="logging")
    assert "Listening on" in log
    assert "GET /" not in log


def test_the_highest_verbosity_enables_asyncios_debug_mode(project: pathlib.Path) -> None:
    log, answer = run(project, "-v", "3")
    assert "a detail of the server" in log
    assert answer == "debug True"
    assert run(project, "-v", "2")[1] == "debug False"


def test_the_level_may_differ_from_the_verbosity(project: pathlib.Path) -> None:
    assert "a detail of the server" in log_of(project, "-v", "0", "--log-level", "debug")


def test_the_applications_lines_are_shown_once(project: pathlib.Path) -> None:
    """As under daphne, whose handler is at the root logger."""
    log = log_of(project)
    for words in ("the shop opens", "the shop is empty", "Listening on"):
        assert log.count(words) == 1
    assert "a detail of the shop" not in log


def test_the_format_may_be_chosen(project: pathlib.Path) -> None:
    log = log_of(project, "--log-fmt", "%(levelname)s|%(name)s|%(message)s")
    assert "INFO|sioserve|Listening on" in log
    assert "WARNING|shop|the shop is empty" in log


def test_a_wrong_format_is_refused() -> None:
    result = run_to_end("plain:application", "--log-fmt", "%(nonsense")
    assert result.returncode == 2
    assert "--log-fmt" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", FILES)
def test_logging_set_up_from_a_file(project: pathlib.Path, name: str) -> None:
    log = log_of(project, "--log-config", name)
    lines = [line for line in log.splitlines() if "Listening on" in line]
    assert len(lines) == 1
    assert lines[0].startswith("OWN INFO sioserve: Listening on")
    assert "OWN DEBUG shop: a detail of the shop" in log
    assert "OWN DEBUG sio.words: a detail of the server" in log


def test_a_level_option_takes_precedence_over_the_file(project: pathlib.Path) -> None:
    log = log_of(project, "--log-config", "log.json", "--log-level", "warning")
    assert "Listening on" not in log
    assert "OWN DEBUG shop: a detail of the shop" in log


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.ini", None, "No such file"),
        ("broken.json", "{", "broken.json"),
        ("list.json", "[]", "no mapping"),
        ("broken.yaml", "a: [", "broken.yaml"),
        ("broken.ini", "no section", "broken.ini"),
        ("empty.ini", "", "empty.ini"),
        ("handler.json", '{"root": {"handlers": ["x"]}}', "handler 'x'"),
        (
            "class.json",
            '{"handlers": {"x": {"class": "nowhere.Handler"}}, "root": {"handlers": ["x"]}}',
            "nowhere",
        ),
    ],
)
def test_an_invalid_logging_file_is_refused(
    project: pathlib.Path, name: str, content: str | None, words: str
) -> None:
    if content is not None:
        (project / name).write_text(content)
    result = run_to_end("web:application", "--log-config", name, cwd=project)
    assert result.returncode == 3
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_yaml_without_pyyaml(project: pathlib.Path) -> None:
    (project / "without").mkdir()
    (project / "without" / "yaml.py").write_text("raise ImportError\n")
    path = os.pathsep.join([str(project / "without"), os.environ.get("PYTHONPATH", "")])
    env = {"PYTHONPATH": path}
    result = run_to_end("web:application", "--log-config", "log.yaml", cwd=project, env=env)
    assert result.returncode == 3
    assert "PyYAML" in result.stderr
    assert "sioserve[yaml]" in result.stderr


def test_a_format_together_with_a_file_is_refused(project: pathlib.Path) -> None:
    arguments = ["--log-config", "log.ini", "--log-fmt", "%(message)s"]
    result = run_to_end("web:application", *arguments, cwd=project)
    assert result.returncode == 2
    assert "--log-config and --log-fmt contradict each other" in result.stderr


@pytest.mark.parametrize("debug", [True, False])
def test_an_error_in_a_django_view_is_shown_once(tmp_path: pathlib.Path, debug: bool) -> None:
    """Django's own handler logs only with DEBUG; under daphne the root logger's handler logs
    otherwise.
    """
    (tmp_path / "shop_settings.py").write_text(
        textwrap.dedent(
            f"""
            DEBUG = {debug}
            SECRET_KEY = "x"
            ALLOWED_HOSTS = ["*"]
            ROOT_URLCONF = "shop_urls"
            """
        )
    )
    (tmp_path / "shop_urls.py").write_text(
        textwrap.dedent(
            """
            from django.urls import path
            def fail(request):
                raise LookupError("out of stock")
            urlpatterns = [path("fail", fail)]
            """
        )
    )
    (tmp_path / "web.py").write_text(
        textwrap.dedent(
            """
            import os
            os.environ["DJANGO_SETTINGS_MODULE"] = "shop_settings"
            from django.core.asgi import get_asgi_application
            application = get_asgi_application()
            """
        )
    )
    log, _ = run(tmp_path, path="/fail")
    assert log.count("LookupError: out of stock") == 1, log
