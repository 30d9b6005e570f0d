"""Where options come from: the command line before the environment before a file."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from sioserve.errors import StartupError
from sioserve.options import FdEndpoint, Options, TcpEndpoint, UnixEndpoint, UsageError, resolve
from sioserve.options.option import variable
from sioserve.options.table import OPTIONS

APPLICATION = "project.asgi:application"


def with_environment(line: str = "", **environ: str) -> Options:
    return resolve([*line.split(), APPLICATION], dict(environ))


@pytest.fixture
def with_file(tmp_path: pathlib.Path) -> Any:
    def read(content: str, line: str = "", **environ: str) -> Options:
        path = tmp_path / "sioserve.toml"
        path.write_text(content)
        return resolve(["--config", str(path), *line.split(), APPLICATION], dict(environ))

    return read


def port_of(options: Options) -> int:
    (endpoint,) = options.endpoints
    assert isinstance(endpoint, TcpEndpoint)
    return endpoint.port


def test_the_order_of_the_sources(with_file: Any) -> None:
    assert port_of(with_environment()) == 8000
    assert port_of(with_file("port = 1")) == 1
    assert port_of(with_file("port = 1", SIOSERVE_PORT="2")) == 2
    assert port_of(with_file("port = 1", "--port 3", SIOSERVE_PORT="2")) == 3


def test_each_option_has_its_own_order(with_file: Any) -> None:
    options = with_file("port = 1\nlifespan = 'on'\nfactory = true", SIOSERVE_LIFESPAN="off")
    assert (port_of(options), options.lifespan, options.factory) == (1, "off", True)


def test_a_list_replaces_that_of_a_lower_source(with_file: Any) -> None:
    options = with_file("header = ['A:1', 'B:2']", "--header C:3")
    assert options.settings["extra_headers"] == (("C", "3"),)


SAMPLES = {
    "application": "other:application",
    "bind": "127.0.0.2",
    "port": "81",
    "unix-socket-mode": "660",
    "fd": "5",
    "endpoint": "tcp:82",
    "static": "/static=files",
    "header": "A:1",
    "access-log": "access.log",
    "verbosity": "2",
    "workers": "3",
    "log-level": "error",
    "underscore-headers": "keep",
    "django-handler": "stock",
    "socketio-parser": "msgpack",
    "socketio-slow-clients": "drop-oldest",
    "log-fmt": "%(message)s",
    "lifespan": "off",
    "loop": "asyncio",
    "root-path": "/shop",
    "proxy-headers-host": "X-Real-IP",
    "proxy-headers-port": "X-Port",
    "socketio-path": "/events",
    "metrics": "127.0.0.1:9100",
    "metrics-path": "/metrics",
    "access-log-format": "%(path)s",
    "cluster-listen": "10.0.0.11:7000",
    "redis-format": "python-socketio",
    "tls-client-certs": "required",
    "tls-min-version": "1.3",
    "redirect-https": "80:443",
}
CLUSTER = {
    "cluster-listen": "10.0.0.11:7000",
    "cluster-secret": "0123456789abcdef",
    "cluster-tls-cert": "a.pem",
    "cluster-tls-ca": "ca.pem",
}
# Options that have an effect only together with another one.
COMPANIONS = {
    "unix-socket-mode": {"unix-socket": "a.sock"},
    "proxy-headers-host": {"proxy-headers": "true"},
    "proxy-headers-port": {"proxy-headers": "true"},
    "forwarded-allow-ips": {"proxy-headers": "true"},
    "metrics-trusted": {"metrics-path": "/metrics"},
    "metrics-require-redis": {"metrics": "127.0.0.1:9100"},
    "reload-dir": {"reload": "true"},
    "reload-include": {"reload": "true"},
    "reload-exclude": {"reload": "true"},
    "reload-delay": {"reload": "true"},
    "reload-grace": {"workers": "2"},
    "worker-max-rss": {"workers": "2"},
    "worker-max-age": {"workers": "2"},
    "worker-hang-timeout": {"workers": "2"},
    "worker-start-timeout": {"workers": "2"},
    "cluster-listen": {"cluster-secret": "0123456789abcdef"},
    "cluster-tls-cert": CLUSTER,
    "cluster-tls-key": CLUSTER,
    "cluster-tls-ca": CLUSTER,
    "tls-key": {"tls-cert": "a.pem"},
    "tls-key-password": {"tls-cert": "a.pem"},
    "tls-client-certs": {"tls-cert": "a.pem", "tls-client-ca": "ca.pem"},
    "tls-client-ca": {"tls-cert": "a.pem"},
    "tls-min-version": {"tls-cert": "a.pem"},
    "tls-ciphers": {"tls-cert": "a.pem"},
    "redirect-https": {"tls-cert": "a.pem"},
    "hsts": {"tls-cert": "a.pem"},
    "timeout-tls-handshake": {"tls-cert": "a.pem"},
    "limit-tls-handshakes": {"tls-cert": "a.pem"},
}
NOT_SHOWN_IN_OPTIONS = {"config", "env-file", "limit-max-requests-jitter", "cluster-secret"}


def sample(option: Any) -> str:
    """A value for the option that is not the default."""
    if option.name in SAMPLES:
        return SAMPLES[option.name]
    if option.kind.metavar == "BOOLEAN":
        return "false" if option.default else "true"
    numbers = ("N", "BYTES", "SECONDS", "1-1000")
    return "7" if option.kind.metavar in numbers else "something"


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS if option.name not in NOT_SHOWN_IN_OPTIONS],
    ids=lambda option: option.name,
)
def test_every_option_can_be_given_everywhere(option: Any, with_file: Any) -> None:
    companions = COMPANIONS.get(option.name, {})
    everything = {**companions, option.name: sample(option)}
    in_environment = resolve(
        [] if option.positional else [APPLICATION],
        {
            "SIOSERVE_APPLICATION": APPLICATION,
            **{variable(key): text for key, text in everything.items()},
        },
    )
    without = with_environment(**{variable(key): text for key, text in companions.items()})
    assert in_environment != without
    if not option.positional:
        content = "\n".join(f'{key} = "{text}"' for key, text in everything.items())
        assert with_file(content)._replace(config=None) == in_environment
        line = " ".join(flag(key, text) for key, text in everything.items())
        assert with_environment(line) == in_environment


def flag(key: str, text: str) -> str:
    (option,) = [option for option in OPTIONS if option.name == key]
    if f"--{key}" not in option.switches:
        return f"--{key}={text}"
    return f"--{key}" if text == "true" else f"--no-{key}"


def test_the_application_may_come_from_every_source(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sioserve.toml"
    path.write_text('application = "file:application"')
    assert resolve([], {"SIOSERVE_APPLICATION": "variable:application"}).application == (
        "variable:application"
    )
    assert resolve(["--config", str(path)], {}).application == "file:application"
    assert resolve([], {"SIOSERVE_CONFIG": str(path)}).application == "file:application"


# --- Environment ---


def test_aliases_work_in_the_environment() -> None:
    options = with_environment(SIOSERVE_HOST="::1", SIOSERVE_UDS="a.sock")
    assert options.endpoints == (TcpEndpoint("::1", 8000), UnixEndpoint("a.sock"))


def test_several_values_in_a_variable() -> None:
    options = with_environment(
        SIOSERVE_FD="3, 4", SIOSERVE_HEADER="A: 1,2\nB: 3", SIOSERVE_STATIC="/a=b,/c=d"
    )
    assert options.endpoints == (FdEndpoint(3), FdEndpoint(4))
    assert options.settings["extra_headers"] == (("A", "1,2"), ("B", "3"))
    assert options.settings["static_files"] == (("/a/", "b"), ("/c/", "d"))


def test_an_empty_variable_is_ignored() -> None:
    assert with_environment(SIOSERVE_PORT="", SIOSERVE_HTTP_TIMEOUT="") == with_environment()


@pytest.mark.parametrize("word", ["1", "true", "True", "yes", "on"])
def test_switches_in_the_environment(word: str) -> None:
    assert with_environment(SIOSERVE_NO_SERVER_NAME=word).settings["server_header"] == ""
    assert with_environment(SIOSERVE_NO_DATE_HEADER=word).settings["date_header"] is False
    assert with_environment(SIOSERVE_ACCESS_LOG=word).settings["access_log"] == "stdout"


@pytest.mark.parametrize("word", ["0", "false", "no", "off"])
def test_switches_that_are_off(word: str) -> None:
    assert with_environment(SIOSERVE_NO_SERVER_NAME=word).settings["server_header"] == "sioserve"
    assert with_environment(SIOSERVE_NO_DATE_HEADER=word).settings["date_header"] is True
    assert with_environment(SIOSERVE_ACCESS_LOG=word).settings["access_log"] == "none"


def test_a_switch_on_the_command_line_takes_precedence_over_a_variable() -> None:
    options = with_environment("--no-server-name", SIOSERVE_SERVER_NAME="shop")
    assert options.settings["server_header"] == ""


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SIOSERVE_PORT": "eighty"}, ["SIOSERVE_PORT", '"eighty"']),
        ({"SIOSERVE_FACTORY": "maybe"}, ["SIOSERVE_FACTORY", '"maybe"']),
        ({"SIOSERVE_NO_ACCESS_LOG": "x"}, ["SIOSERVE_NO_ACCESS_LOG", '"x"']),
        ({"SIOSERVE_WORKERS": "some"}, ["SIOSERVE_WORKERS", "auto"]),
        (
            {"SIOSERVE_SERVER_NAME": "x", "SIOSERVE_NO_SERVER_NAME": "1"},
            ["SIOSERVE_SERVER_NAME", "SIOSERVE_NO_SERVER_NAME", "contradict"],
        ),
        ({"SIOSERVE_PROXY_HEADERS_HOST": "X"}, ["SIOSERVE_PROXY_HEADERS_HOST"]),
        ({"SIOSERVE_CONFIG": "no/such.toml"}, ["no/such.toml"]),
    ],
)
def test_refusals_name_the_variable(environ: dict[str, str], words: list[str]) -> None:
    with pytest.raises(UsageError) as refused:
        with_environment(**environ)
    assert [word for word in words if word not in str(refused.value)] == []


def test_an_unknown_variable_gives_a_warning() -> None:
    options = with_environment(SIOSERVE_PROT="80", HOME="/", SIOSERVE="build/sioserve")
    (warning,) = options.warnings
    assert "SIOSERVE_PROT" in warning
    assert "did you mean SIOSERVE_PORT?" in warning


def test_variables_of_kubernetes_are_ignored() -> None:
    options = with_environment(SIOSERVE_PORT="tcp://10.0.0.1:80", SIOSERVE_SERVICE_HOST="10.0.0.1")
    assert port_of(options) == 8000
    assert len(options.warnings) == 2


def test_the_trusted_proxies_of_uvicorn_and_gunicorn() -> None:
    trusted = with_environment(FORWARDED_ALLOW_IPS="10.0.0.1,10.0.0.2")
    assert trusted.settings["trusted_proxies"] == ("10.0.0.1", "10.0.0.2")
    own = with_environment(FORWARDED_ALLOW_IPS="10.0.0.1", SIOSERVE_FORWARDED_ALLOW_IPS="*")
    assert own.settings["trusted_proxies"] == ("*",)


# --- File ---


def test_values_of_a_file(with_file: Any) -> None:
    options = with_file(
        """
        application = "ignored:because_the_command_line_names_one"
        host = ["127.0.0.1", "::1"]
        port = 81
        unix_socket = "a.sock"
        unix-socket-mode = "660"
        http-timeout = 2.5
        limit-body = "10M"
        no-server-name = true
        ws-per-message-deflate = false
        access-log = false
        forwarded-allow-ips = ["10.0.0.0/8", "unix"]

        [header]
        X-Frame-Options = "DENY"

        [static]
        "/static/" = "staticfiles"
        """
    )
    assert options.endpoints == (
        TcpEndpoint("127.0.0.1", 81),
        TcpEndpoint("::1", 81),
        UnixEndpoint("a.sock", 0o660),
    )
    settings = options.settings
    assert settings["application_timeout_ms"] == 2500
    assert settings["max_body"] == 10 * 1024 * 1024
    assert settings["server_header"] == ""
    assert settings["websocket_per_message_deflate"] is False
    assert settings["access_log"] == "none"
    assert settings["trusted_proxies"] == ("10.0.0.0/8", "unix")
    assert settings["extra_headers"] == (("X-Frame-Options", "DENY"),)
    assert settings["static_files"] == (("/static/", "staticfiles"),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("prot = 80", ["sioserve.toml: prot", "did you mean port?"]),
        ("port = true", ["sioserve.toml: port"]),
        ("port = [1, 2]", ["sioserve.toml: port", "one value"]),
        ("port = 2020-01-01", ["sioserve.toml: port", "a date"]),
        ("unix-socket-mode = 660", ["sioserve.toml: unix-socket-mode", '"660"']),
        ("[limits]\nbody = 1", ["sioserve.toml: limits"]),
        ("env-file = '.env'", ["sioserve.toml: env-file", "--env-file"]),
        ("config = 'other.toml'", ["sioserve.toml: config"]),
        ("server-name = 'x'\nno-server-name = true", ["server-name", "contradict"]),
        ("log-fmt = '%(message)s'\nlog-config = 'y.ini'", ["log-fmt", "log-config", "contradict"]),
        ("port = = 3", ["sioserve.toml", "line 1"]),
    ],
)
def test_refusals_name_the_key(with_file: Any, content: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as refused:
        with_file(content)
    assert [word for word in words if word not in str(refused.value)] == []


def test_a_file_may_have_reload_options_without_reload(with_file: Any) -> None:
    assert with_file("reload-dir = ['src']").reload is False


# --- Environment file ---


def test_an_environment_file_sets_what_is_not_set(tmp_path: pathlib.Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SIOSERVE_PORT=81\nKEPT=file\nexport ADDED='from file'\n")
    environ = {"KEPT": "environment"}
    options = resolve(["--env-file", str(path), APPLICATION], environ)
    assert port_of(options) == 81
    assert environ["KEPT"] == "environment"
    assert environ["ADDED"] == "from file"
    named = resolve([APPLICATION], {"SIOSERVE_ENV_FILE": str(path)})
    assert port_of(named) == 81


def test_a_missing_environment_file() -> None:
    with pytest.raises(UsageError, match=r"no/such\.env"):
        with_environment("--env-file no/such.env")


def test_an_environment_file_without_dotenv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dotenv", None)
    with pytest.raises(StartupError, match="python-dotenv"):
        with_environment("--env-file .env")
