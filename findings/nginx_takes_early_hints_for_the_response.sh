#!/usr/bin/env bash
# nginx before 1.29 takes a response with status 103 of the server behind it (Early Hints, RFC 8297) for
# the response itself. A client with HTTP/1.1 gets the head of the hints and, behind it, the real
# response as a body without a length on a connection that nginx keeps open for the next request. A
# client with HTTP/2 gets a stream with the status 103 that ends with it: curl reports PROTOCOL_ERROR.
# So an application must not send hints behind such an nginx (docs/deployment.md says so).
#
# Guess: a proxy drops interim responses that it does not know, as RFC 9110 section 15.2 lets it.
#
#   findings/nginx_takes_early_hints_for_the_response.sh
#
# Seen with nginx 1.22.1 (Debian 12) and curl 7.88.1:
#   HTTP/1.1: 103, then the real head and body as they came
#   HTTP/2: 103, curl: PROTOCOL_ERROR
# Needs nginx and curl. Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
nginx="$(command -v nginx || echo /usr/sbin/nginx)"
"$nginx" -v 2>&1 | tee "$folder/version"
grep -q 'nginx/1\.22\.1' "$folder/version" || { echo "this is another version"; exit 1; }
cat >"$folder/hints.py" <<'END'
import socket
import sys
import threading

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

listening = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(listening.getsockname()[1], file=file)


def serve(client: socket.socket) -> None:
    with client:
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(4096)
            if not part:
                return
            head += part
        client.sendall(HINTS)
        client.sendall(RESPONSE)


while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
END
python3 "$folder/hints.py" "$folder/port" &
until [ -s "$folder/port" ]; do sleep 0.1; done
plain="$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')"
second="$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')"
user=""
[ "$(id -u)" -ne 0 ] || user="user root;"
cat >"$folder/nginx.conf" <<END
$user
daemon off; pid $folder/nginx.pid; error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path $folder/body; proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/f; uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
    server {
        listen 127.0.0.1:$plain;
        listen 127.0.0.1:$second http2;
        location / { proxy_pass http://127.0.0.1:$(cat "$folder/port"); proxy_http_version 1.1; }
    }
}
END
"$nginx" -c "$folder/nginx.conf" -p "$folder" &
until curl --silent --output /dev/null "http://127.0.0.1:$plain/"; do sleep 0.1; done
curl --silent --include "http://127.0.0.1:$plain/" | tr -d '\r' >"$folder/one"
curl --silent --show-error --http2-prior-knowledge --output /dev/null \
  --write-out '%{http_code}\n' "http://127.0.0.1:$second/" >"$folder/two" 2>&1 || true
echo "--- HTTP/1.1"
cat "$folder/one"
echo
echo "--- HTTP/2"
cat "$folder/two"
grep -q '^HTTP/1.1 103' "$folder/one" && grep -q '^Connection: keep-alive' "$folder/one" &&
  grep -q '^HTTP/1.1 200 OK' "$folder/one" && ! grep -q '^Server: .*200' "$folder/one" || exit 1
grep -q PROTOCOL_ERROR "$folder/two" && grep -q '^103' "$folder/two" || exit 1
echo "as described"
