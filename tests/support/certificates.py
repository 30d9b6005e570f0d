"""Certificates for tests, made with the openssl command."""

from __future__ import annotations

import dataclasses
import pathlib
import ssl
import subprocess


def openssl(*arguments: str, text: str | None = None) -> str:
    """Runs the command with `text` as its input; returns its output."""
    result = subprocess.run(
        ["openssl", *arguments], input=text, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


CA_SETTINGS = """
[ca]
default_ca = authority
[authority]
certificate = {files.certificate}
private_key = {files.key}
database = {folder}/issued.txt
new_certs_dir = {folder}
unique_subject = no
rand_serial = yes
default_md = sha256
policy = names
[names]
commonName = supplied
"""


@dataclasses.dataclass(frozen=True)
class Issued:
    """The files of a certificate and its key."""

    certificate: pathlib.Path
    key: pathlib.Path

    @property
    def options(self) -> tuple[str, ...]:
        """For the server."""
        return ("--tls-cert", str(self.certificate), "--tls-key", str(self.key))

    @property
    def pem(self) -> str:
        return self.certificate.read_text()


class Authority:
    """Signs certificates, whose files are in `folder`."""

    def __init__(self, folder: pathlib.Path, name: str = "Test Authority") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._files = Issued(folder / "authority.crt", folder / "authority.key")
        openssl(
            *("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-keyout", str(self._files.key), "-out", str(self._files.certificate)),
            *("-subj", f"/CN={name}", "-days", "2"),
            *("-addext", "keyUsage=critical,keyCertSign"),  # Python 3.13 and later want it
        )

    @property
    def certificate(self) -> pathlib.Path:
        return self._files.certificate

    def issue(self, host: str = "localhost", *others: str, file: str | None = None) -> Issued:
        """A certificate for these host names, and for 127.0.0.1."""
        name = file or host.replace("*", "any")
        issued = Issued(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        names = ",".join(f"DNS:{name}" for name in (host, *others))
        # Written beside their places, so that a server that watches the files sees no halves.
        new = [path.with_suffix(path.suffix + ".new") for path in (issued.certificate, issued.key)]
        openssl(
            *("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-CA", str(self._files.certificate), "-CAkey", str(self._files.key)),
            *("-keyout", str(new[1]), "-out", str(new[0]), "-subj", f"/CN={host}", "-days", "2"),
            *("-addext", f"subjectAltName={names},IP:127.0.0.1"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
        for made, path in zip(new, (issued.certificate, issued.key), strict=True):
            made.replace(path)
        return issued

    def issue_expired(self, name: str) -> Issued:
        """A certificate that was valid for a day of the past."""
        issued = Issued(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        request = openssl(
            *("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-keyout", str(issued.key), "-subj", f"/CN={name}"),
        )
        # Only `openssl ca` takes dates in all versions, and it needs these files.
        settings = self.folder / "ca.cnf"
        settings.write_text(CA_SETTINGS.format(folder=self.folder, files=self._files))
        (self.folder / "issued.txt").touch()
        openssl(
            *("ca", "-batch", "-notext", "-config", str(settings), "-in", "/dev/stdin"),
            *("-out", str(issued.certificate)),
            *("-startdate", "20200101000000Z", "-enddate", "20200102000000Z"),
            text=request,
        )
        return issued

    def client_context(self, own: Issued | None = None) -> ssl.SSLContext:
        """For clients that trust this authority, with their own certificate if they have one."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        if own is not None:
            context.load_cert_chain(own.certificate, own.key)
        return context


def encrypt_key(issued: Issued, password: str) -> Issued:
    """The same with an encrypted key."""
    key = issued.key.with_suffix(".encrypted")
    openssl(
        "pkey", "-in", str(issued.key), "-out", str(key), "-aes256", "-passout", f"pass:{password}"
    )
    return Issued(issued.certificate, key)
