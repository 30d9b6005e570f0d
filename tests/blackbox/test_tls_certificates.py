"""Certificates: by host name, renewed while the server runs, and those of clients."""

from __future__ import annotations

import pathlib
import signal
import ssl
from collections.abc import Callable

import httpx
import pytest
from support.certificates import Authority, Issued, encrypt_key
from support.server import ServerProcess, run_to_end
from support.tls_client import TlsConnection
from support.waiting import eventually

Start = Callable[..., ServerProcess]


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path / "certificates")


def certificate_of(server: ServerProcess, host: str = "localhost") -> str:
    """PEM of what a new client of this host gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with TlsConnection(server.port, context, host=host) as connection:
        der = connection.socket.getpeercert(binary_form=True)
    assert der is not None
    return ssl.DER_cert_to_PEM_cert(der)


# --- Several of them ---


def test_a_directory_has_a_certificate_for_each_host(
    start_server: Start, authority: Authority
) -> None:
    first, second = authority.issue("a.example"), authority.issue("b.example", "c.example")
    wild = authority.issue("*.example.org")
    server = start_server("plain:application", "--tls-dir", str(authority.folder))
    expected = {
        "a.example": first,
        "b.example": second,
        "c.example": second,
        "any.example.org": wild,
    }
    for host, issued in expected.items():
        assert certificate_of(server, host) == issued.pem, host
        with TlsConnection(server.port, authority.client_context(), host=host) as connection:
            assert connection.get("/hello").read_response().status == 200


def test_a_client_of_an_unknown_host_gets_the_first_one(
    start_server: Start, authority: Authority, tmp_path: pathlib.Path
) -> None:
    own = authority.issue("own.example")
    others = Authority(tmp_path / "others")
    others.issue("a.example")
    server = start_server("plain:application", *own.options, "--tls-dir", str(others.folder))
    assert certificate_of(server, "unknown.example") == own.pem


# --- Renewal ---


def test_a_renewed_certificate_is_used_without_a_restart(
    start_server: Start, authority: Authority
) -> None:
    old = authority.issue()
    old_pem = old.pem
    server = start_server("plain:application", *old.options)
    with TlsConnection(server.port, authority.client_context()) as connection:
        assert connection.get("/hello").read_response().status == 200
        new = authority.issue()
        server.wait_for_log("The TLS certificates have been reloaded")
        assert certificate_of(server) == new.pem != old_pem
        assert connection.get("/hello").read_response().status == 200, "it is still connected"


def test_a_new_host_in_the_directory(start_server: Start, authority: Authority) -> None:
    authority.issue("a.example")
    server = start_server("plain:application", "--tls-dir", str(authority.folder))
    added = authority.issue("b.example")
    eventually(lambda: certificate_of(server, "b.example") == added.pem)


def test_sighup_reads_them_at_once(start_server: Start, authority: Authority) -> None:
    server = start_server("plain:application", *authority.issue().options)
    new = authority.issue()
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: certificate_of(server) == new.pem)


def test_a_broken_certificate_is_refused_and_the_old_one_stays(
    start_server: Start, authority: Authority, tmp_path: pathlib.Path
) -> None:
    old = authority.issue()
    old_pem = old.pem
    server = start_server("plain:application", *old.options)
    stranger = Authority(tmp_path / "stranger").issue()
    stranger.key.replace(old.key)
    server.wait_for_log(
        f"The TLS certificates have not been reloaded, the old ones stay: the private key "
        f"{old.key} does not belong to the certificate {old.certificate}"
    )
    assert certificate_of(server) == old_pem
    new = authority.issue()
    eventually(lambda: certificate_of(server) == new.pem)
    assert server.log.count("have not been reloaded") == 1


def test_a_broken_pair_in_the_directory_does_not_hold_up_the_others(
    start_server: Start, authority: Authority, tmp_path: pathlib.Path
) -> None:
    broken, other = authority.issue("a.example"), authority.issue("b.example")
    old_pem = broken.pem
    server = start_server("plain:application", "--tls-dir", str(authority.folder))
    stranger = Authority(tmp_path / "stranger").issue()
    stranger.key.replace(broken.key)
    renewed = authority.issue("b.example")
    assert renewed.certificate == other.certificate
    eventually(lambda: certificate_of(server, "b.example") == renewed.pem)
    assert certificate_of(server, "a.example") == old_pem
    server.wait_for_log(
        rf"WARNING .* TLS: the private key {broken.key} does not belong to .*; the old"
    )


def test_the_processes_stay_and_the_certificate_changes(
    start_server: Start, authority: Authority
) -> None:
    server = start_server("plain:application", *authority.issue().options, "--workers", "2")
    new = authority.issue()
    eventually(lambda: certificate_of(server) == new.pem)


def test_sighup_reloads_them_with_the_python_processes(
    start_server: Start, authority: Authority
) -> None:
    server = start_server("plain:application", *authority.issue().options, "--workers", "1")
    new = authority.issue()
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: certificate_of(server) == new.pem)


# --- Certificates that cannot be used ---


def refusal(*arguments: str) -> str:
    result = run_to_end("plain:application", "--port", "0", *arguments)
    assert result.returncode == 3, result
    (line,) = [one for one in result.stderr.splitlines() if one.startswith("sioserve: ")]
    return line


def test_what_is_wrong_is_said_at_the_start(authority: Authority, tmp_path: pathlib.Path) -> None:
    issued, other = authority.issue("a.example"), authority.issue("b.example")
    locked = encrypt_key(issued, "secret")
    missing = tmp_path / "missing.pem"
    empty = tmp_path / "empty"
    empty.mkdir()
    pairs = {
        Issued(missing, issued.key): f"cannot read {missing}: No such file or directory",
        Issued(issued.certificate, other.key): (
            f"the private key {other.key} does not belong to the certificate {issued.certificate}"
        ),
        locked: (
            f"the private key {locked.key} is encrypted, and its password is missing or wrong"
        ),
    }
    for pair, reason in pairs.items():
        assert refusal(*pair.options) == f"sioserve: TLS can't be used: {reason} (docs/tls.md)"
    assert f"the directory {empty} has no certificate" in refusal("--tls-dir", str(empty))
    assert 'no cipher of TLS 1.2 is called "NONE"' in refusal(
        *issued.options, "--tls-ciphers", "NONE"
    )


def test_an_encrypted_key(start_server: Start, authority: Authority) -> None:
    locked = encrypt_key(authority.issue(), "secret")
    server = start_server(
        "plain:application", *locked.options, env={"SIOSERVE_TLS_KEY_PASSWORD": "secret"}
    )
    assert httpx.get(server.url + "/hello", verify=authority.client_context()).text == "hello"


# --- Certificates of clients ---


@pytest.mark.parametrize("workers", [(), ("--workers", "1")])
def test_the_application_sees_the_client_s_certificate(
    start_server: Start, authority: Authority, workers: tuple[str, ...]
) -> None:
    issued = authority.issue()
    server = start_server(
        "plain:application",
        *issued.options,
        *("--tls-client-certs", "required", "--tls-client-ca", str(authority.certificate)),
        *workers,
    )
    own = authority.issue("client")
    with TlsConnection(server.port, authority.client_context(own)) as connection:
        scope = httpx.Response(200, content=connection.get("/scope").read_response().body).json()
    assert scope["extensions"]["tls"] == {
        "server_cert": issued.pem,
        "client_cert_chain": [own.pem, authority.certificate.read_text()],
        "client_cert_name": "CN=client",
        "client_cert_error": None,
        "tls_version": 0x0304,
        "cipher_suite": scope["extensions"]["tls"]["cipher_suite"],
    }
    assert scope["extensions"]["tls"]["cipher_suite"] >> 8 == 0x13

    start = len(server.log)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        TlsConnection(server.port, authority.client_context()).get("/scope").read_response()
    server.wait_for_log("the client has sent no certificate", start)


def test_a_client_without_a_certificate_may_be_allowed(
    start_server: Start, authority: Authority
) -> None:
    server = start_server(
        "plain:application",
        *authority.issue().options,
        *("--ssl-cert-reqs", "1", "--ssl-ca-certs", str(authority.certificate)),
    )
    tls = httpx.get(server.url + "/scope", verify=authority.client_context()).json()["extensions"][
        "tls"
    ]
    assert (tls["client_cert_chain"], tls["client_cert_name"]) == ([], None)


def test_a_plain_connection_has_no_tls_extension(plain_server: ServerProcess) -> None:
    assert "tls" not in httpx.get(plain_server.url + "/scope").json()["extensions"]
