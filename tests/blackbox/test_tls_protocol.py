"""Versions, ciphers and renegotiation, with `openssl s_client`."""

from __future__ import annotations

import pathlib
import re
import subprocess
from collections.abc import Iterator

import pytest
from support.certificates import Authority
from support.server import ServerProcess

# With a security level of 0 the client offers what is long forbidden.
EVERYTHING = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
# Each would be a hole: no authentication, no encryption, broken ciphers, no forward secrecy.
WEAK_CIPHERS = [
    "aNULL",
    "eNULL",
    "3DES",
    "RC4",
    "EXPORT",
    "DES",
    "MD5",
    "SHA1",
    "kRSA",
    "SEED",
    "CAMELLIA",
    "PSK",
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[ServerProcess]:
    server = ServerProcess("plain:application", *authority.issue().options).start()
    yield server
    server.stop()


def s_client(
    server: ServerProcess, *arguments: str, text: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )


def agreed(result: subprocess.CompletedProcess[str]) -> tuple[str, str] | None:
    """Version and cipher, or None if there was no agreement."""
    match = re.search(r"^New, (\S+), Cipher is (\S+)$", result.stdout, re.MULTILINE)
    assert match, result.stdout + result.stderr
    if match[2] == "(NONE)":
        return None
    version = re.search(r"Protocol(?: version)?\s*: (\S+)", result.stdout)
    return (version[1] if version else match[1], match[2])


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(server: ServerProcess, version: str) -> None:
    result = s_client(server, version, *EVERYTHING)
    assert agreed(result) is None
    assert "alert protocol version" in result.stderr


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_current_versions_are_spoken(
    server: ServerProcess, authority: Authority, version: str
) -> None:
    result = s_client(server, version, "-CAfile", str(authority.certificate))
    assert agreed(result) is not None
    assert "Verify return code: 0 (ok)" in result.stdout


@pytest.mark.parametrize("cipher", WEAK_CIPHERS)
def test_weak_ciphers_are_refused(server: ServerProcess, cipher: str) -> None:
    result = s_client(server, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    if "no cipher match" in result.stderr:
        pytest.skip("this OpenSSL does not have it either")
    assert agreed(result) is None


def test_there_is_no_compression(server: ServerProcess) -> None:
    result = s_client(server, "-tls1_2", "-comp", "-cipher", "DEFAULT:@SECLEVEL=0")
    assert "Compression: NONE" in result.stdout


def test_renegotiation_is_refused(server: ServerProcess) -> None:
    # A line with R asks for it.
    result = s_client(server, "-tls1_2", text="R\n")
    assert "no renegotiation" in result.stderr


def test_no_common_protocol_of_alpn(server: ServerProcess) -> None:
    assert "alert no application protocol" in s_client(server, "-alpn", "ftp").stderr
    assert "ALPN protocol: http/1.1" in s_client(server, "-alpn", "http/1.0,http/1.1").stdout


def test_the_chain_of_the_file_is_sent(tmp_path: pathlib.Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue()
    chain = tmp_path / "chain.pem"
    chain.write_text(issued.pem + authority.certificate.read_text() + issued.key.read_text())
    server = ServerProcess("plain:application", "--tls-cert", str(chain)).start()
    try:
        result = s_client(server, "-showcerts")
        assert result.stdout.count("BEGIN CERTIFICATE") == 2
    finally:
        server.stop()
