"""Does what certbot and Let's Encrypt do, as far as tests/support/fresh_machine.py needs it:
`certbot certonly --standalone` and `--webroot`. openssl makes the certificates.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import secrets
import socket
import subprocess

FOLDER = pathlib.Path("/etc/letsencrypt")


def challenge_standalone() -> None:
    """certbot is the server itself; there must be no other."""
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind(("0.0.0.0", 80))


def challenge_in(webroot: pathlib.Path, host: str) -> None:
    """Let's Encrypt asks at port 80. It follows redirects, and checks no certificate then."""
    name, content = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    place = ".well-known/acme-challenge"
    file = webroot / place / name
    file.write_text(content)
    try:
        url = f"http://{host}/{place}/{name}"
        curl = ["curl", "--silent", "--show-error", "--fail", "--location", "--insecure", url]
        answer = subprocess.run(curl, check=True, capture_output=True, text=True, timeout=60)
        assert answer.stdout == content, answer.stdout
    finally:
        file.unlink()


def issue(host: str) -> pathlib.Path:
    lineage = FOLDER / "live" / host
    lineage.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-days", "90"),
            *("-keyout", lineage / "privkey.pem", "-out", lineage / "fullchain.pem"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
        ],
        check=True,
        capture_output=True,
    )
    return lineage


def run_hooks(lineage: pathlib.Path) -> None:
    for hook in sorted((FOLDER / "renewal-hooks" / "deploy").glob("*")):
        subprocess.run([hook], check=True, env={**os.environ, "RENEWED_LINEAGE": str(lineage)})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["certonly"])
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--standalone", action="store_true")
    how.add_argument("--webroot", action="store_true")
    parser.add_argument("-w", type=pathlib.Path)
    parser.add_argument("-d", required=True)
    parser.add_argument("--force-renewal", action="store_true")
    options = parser.parse_args()
    if options.webroot:
        challenge_in(options.w, options.d)
    else:
        challenge_standalone()
    run_hooks(issue(options.d))


if __name__ == "__main__":
    main()
