"""The command: its options, and its messages when it cannot start."""

from __future__ import annotations

import os
import pathlib
import re
import socket
import subprocess

import httpx
import pytest
from support.ports import free_port
from support.server import APPS, ServerProcess, run_to_end

BAD_USAGE, START_UP_FAILURE = 2, 3


def only_sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The output on stderr, which must be one line."""
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_help() -> None:
    result = run_to_end("--help")
    assert result.returncode == 0
    for word in ("application", "--bind", "--port", "--socketio-path", "--help", "--version"):
        assert word in result.stdout
    assert result.stderr == ""


def test_version() -> None:
    import sio

    result = run_to_end("--version")
    assert result.returncode == 0
    assert re.search(r"\b\d+\.\d+\.\d+\b", result.stdout)
    assert sio.__version__


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--no-such-option", "plain:application"],
        ["plain:application", "--port", "eighty"],
        ["plain:application", "--port", "65536"],
        ["plain:application", "--port", "-1"],
        ["plain:application", "--port"],
        ["plain:application", "one too many"],
    ],
)
def test_bad_usage_is_explained(arguments: list[str]) -> None:
    result = run_to_end(*arguments)
    assert result.returncode == BAD_USAGE
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


def test_an_unknown_option_is_answered_with_the_nearest_one() -> None:
    result = run_to_end("plain:application", "--limit-boddy", "5")
    assert result.returncode == BAD_USAGE
    sentence = only_sentence(result)
    assert "--limit-boddy" in sentence
    assert "did you mean --limit-body?" in sentence


def test_contradictory_options_are_refused() -> None:
    result = run_to_end("plain:application", "--no-server-name", "--server-name", "x")
    assert result.returncode == BAD_USAGE
    assert "--no-server-name and --server-name contradict each other" in only_sentence(result)


@pytest.mark.parametrize("columns", ["80", "100", "200"])
def test_help_fits_the_terminal(columns: str) -> None:
    result = run_to_end("--help", env={"COLUMNS": columns})
    *lines, folder = result.stdout.splitlines()
    assert max(map(len, lines)) <= min(int(columns), 100)
    assert pathlib.Path(folder).is_dir()  # a path, which nothing may break, however long


LISTENING_PAGE = "docs/exit-codes.md#when-it-cannot-listen"
CLUSTER_PAGE = "docs/scaling.md#when-servers-do-not-reach-each-other"
CLUSTER = ("--redis=redis://127.0.0.1:1", "--cluster-secret=0123456789abcdef")


@pytest.mark.parametrize(
    ("options", "begin", "page"),
    [
        (("--port={port}",), "", LISTENING_PAGE),
        (("--port=0", "--metrics=127.0.0.1:{port}"), "--metrics: ", LISTENING_PAGE),
        (
            ("--port=0", *CLUSTER, "--cluster-listen=127.0.0.1:{port}"),
            "--cluster-listen: ",
            CLUSTER_PAGE,
        ),
    ],
    ids=["clients", "metrics", "cluster"],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use(options: tuple[str, ...], begin: str, page: str, workers: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        given = [option.format(port=port) for option in options]
        result = run_to_end("no_lifespan:application", *given, "--workers", workers)
    assert result.returncode == START_UP_FAILURE
    expected = f" {begin}address 127.0.0.1:{port} is already in use ({page})"
    assert expected in result.stderr
    assert "Traceback" not in result.stderr


def test_an_address_of_another_machine() -> None:
    result = run_to_end("no_lifespan:application", "--bind", "192.0.2.1", "--port", "0")
    assert result.returncode == START_UP_FAILURE
    assert "192.0.2.1" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_module_that_does_not_exist() -> None:
    result = run_to_end("no_such_module:application")
    assert result.returncode == START_UP_FAILURE
    assert "no_such_module" in only_sentence(result)


@pytest.mark.parametrize("name", ["plain:no_such_name", "no_lifespan:nested.no_such_name"])
def test_an_attribute_that_does_not_exist(name: str) -> None:
    result = run_to_end(name)
    assert result.returncode == START_UP_FAILURE
    assert "no_such_name" in only_sentence(result)


def test_a_package_sio_of_another_distribution(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "sio"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    result = run_to_end("plain:application", env={"PYTHONPATH": path})
    assert result.returncode == START_UP_FAILURE
    assert "pip uninstall django-sio" in only_sentence(result)


def test_an_attribute_that_is_not_an_application() -> None:
    result = run_to_end("no_lifespan:not_callable")
    assert result.returncode == START_UP_FAILURE
    assert "not_callable" in only_sentence(result)


def test_an_application_without_a_name() -> None:
    result = run_to_end("plain")
    assert result.returncode in (BAD_USAGE, START_UP_FAILURE)
    assert "plain" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "setting"),
    [
        ("--socketio-path", "/a\udcff/", "socketio_path"),
        ("--redis", "redis://:secret\udcff@127.0.0.1", "redis_url"),
    ],
)
def test_a_value_that_is_not_utf_8(option: str, value: str, setting: str) -> None:
    """In the argument, the lone surrogate is the byte 0xff."""
    result = run_to_end("plain:application", option, value)
    assert result.returncode == START_UP_FAILURE
    assert f"unusable value: {setting}: it is not valid UTF-8" in only_sentence(result)
    assert "secret" not in result.stderr


def test_an_exception_while_importing() -> None:
    result = run_to_end("failing_import:application")
    assert result.returncode == START_UP_FAILURE
    assert "Traceback (most recent call last)" in result.stderr
    assert 'failing_import.py", line' in result.stderr
    assert "in prepare" in result.stderr
    assert "LookupError: no configuration for this machine" in result.stderr


def test_a_module_that_imports_a_missing_module() -> None:
    """The message must be another one than for an application module that does not exist."""
    result = run_to_end("missing_dependency:application")
    assert result.returncode == START_UP_FAILURE
    assert 'missing_dependency.py", line' in result.stderr
    assert "a_module_that_is_not_there" in result.stderr


def test_a_syntax_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "broken.py").write_text("def application(:\n")
    result = run_to_end("broken:application", cwd=tmp_path)
    assert result.returncode == START_UP_FAILURE
    assert "SyntaxError" in result.stderr


def test_django_without_its_settings() -> None:
    project = APPS / "djangoproj"
    result = run_to_end(
        "site_asgi:application", cwd=project, env={"DJANGO_SETTINGS_MODULE": "no_such_settings"}
    )
    assert result.returncode == START_UP_FAILURE
    assert "no_such_settings" in result.stderr


def test_an_error_in_djangos_settings(tmp_path: pathlib.Path) -> None:
    (tmp_path / "bad_settings.py").write_text("SECRET_KEY = undefined_name\n")
    env = {"DJANGO_SETTINGS_MODULE": "bad_settings"}
    (tmp_path / "web.py").write_text(
        "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"
    )
    result = run_to_end("web:application", cwd=tmp_path, env=env)
    assert result.returncode == START_UP_FAILURE
    assert "undefined_name" in result.stderr
    assert "Traceback" in result.stderr


def test_a_dotted_name_in_the_module(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("no_lifespan:nested.application")
    assert httpx.get(server.url).text == "no lifespan"


@pytest.mark.parametrize("option", ["-b", "--bind"])
def test_the_address_may_be_chosen(start_server, option: str) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("no_lifespan:application", option, "127.0.0.2")
    assert server.host == "127.0.0.2"
    assert httpx.get(server.url).text == "no lifespan"


def test_all_addresses_of_ipv4_and_of_ipv6_may_have_the_same_port(start_server) -> None:  # type: ignore[no-untyped-def]
    port = free_port()
    for hosts in (("0.0.0.0", "[::]"), ("[::]", "0.0.0.0")):
        binds = [f"--bind={host}:{port}" for host in hosts]
        server: ServerProcess = start_server("no_lifespan:application", listen=binds)
        assert httpx.get(f"http://127.0.0.1:{port}").text == "no lifespan"
        assert httpx.get(f"http://[::1]:{port}").text == "no lifespan"
        server.stop()


def test_a_short_option_may_contain_its_value(start_server) -> None:  # type: ignore[no-untyped-def]
    port = free_port()
    server: ServerProcess = start_server("no_lifespan:application", "-p", str(port))
    assert server.port == port


def test_the_application_may_come_from_a_function(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("factory:create", "--factory")
    assert httpx.get(server.url).text == "made by create()"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["factory:create"], "--factory"),
        (["factory:returns_nothing", "--factory"], "None"),
        (["factory:fails", "--factory"], "LookupError"),
    ],
)
def test_an_invalid_application_factory(arguments: list[str], words: str) -> None:
    result = run_to_end(*arguments)
    assert result.returncode == START_UP_FAILURE
    assert words in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("module", "advice"),
    [("wsgi", 'Try "wanted.asgi:application".'), ("server", "asgiref.wsgi.WsgiToAsgi")],
)
def test_a_wsgi_application_is_refused_at_the_start(
    tmp_path: pathlib.Path, module: str, advice: str
) -> None:
    package = tmp_path / "wanted"
    package.mkdir()
    for name in ("__init__", "asgi"):
        (package / f"{name}.py").write_text("")
    (package / f"{module}.py").write_text(
        "class Handler:\n    def __call__(self, environ, start_response): return []\n"
        "application = Handler()\n"
    )
    result = run_to_end(f"wanted.{module}:application", "--app-dir", str(tmp_path))
    assert result.returncode == START_UP_FAILURE
    assert "looks like a WSGI application" in result.stderr.splitlines()[-1]
    assert advice in result.stderr.splitlines()[-1]


def test_app_dir_comes_first_in_the_path(start_server, tmp_path: pathlib.Path) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server(
        "no_lifespan:application", "--app-dir", str(APPS), cwd=tmp_path
    )
    assert httpx.get(server.url).text == "no lifespan"


def test_options_from_the_environment_and_a_file(start_server, tmp_path: pathlib.Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "sioserve.toml").write_text("bind = '127.0.0.9'\nserver-name = 'file'\n")
    server: ServerProcess = start_server(
        "no_lifespan:application",
        env={
            "SIOSERVE_CONFIG": str(tmp_path / "sioserve.toml"),
            "SIOSERVE_BIND": "127.0.0.3",
            "SIOSERVE_BNID": "127.0.0.4",
        },
    )
    assert server.host == "127.0.0.3"
    assert "SIOSERVE_BNID is no option" in server.log
    assert httpx.get(server.url).text == "no lifespan"


def test_an_error_in_the_environment_is_named() -> None:
    result = run_to_end("plain:application", env={"SIOSERVE_PORT": "eighty"})
    assert result.returncode == BAD_USAGE
    assert 'SIOSERVE_PORT: "eighty"' in only_sentence(result)


def test_an_environment_file_is_read_before_the_application_is_imported(
    start_server,  # type: ignore[no-untyped-def]
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / ".env").write_text("GREETING='from the file'\n")
    (tmp_path / "greeting.py").write_text(
        "import os\nfrom factory import text\napplication = text(os.environ['GREETING'])\n"
    )
    (tmp_path / "factory.py").write_text((APPS / "factory.py").read_text())
    server: ServerProcess = start_server("greeting:application", "--env-file", ".env", cwd=tmp_path)
    assert httpx.get(server.url).text == "from the file"


def test_a_port_can_be_used_again_immediately(start_server) -> None:  # type: ignore[no-untyped-def]
    first: ServerProcess = start_server("no_lifespan:application")
    assert httpx.get(first.url).text == "no lifespan"
    first.stop()
    second: ServerProcess = start_server("no_lifespan:application", "--port", str(first.port))
    assert second.port == first.port
