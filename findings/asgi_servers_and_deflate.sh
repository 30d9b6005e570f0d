#!/usr/bin/env bash
# With their defaults, three of five ASGI servers answer a WebSocket handshake that offers
# permessage-deflate (RFC 7692) without it. A project that moves from uvicorn or hypercorn to granian,
# gunicorn or daphne sends its messages uncompressed from then on, and nothing tells.
#
# Guess: all current servers compress messages if the client offers it, as browsers do, because
# uvicorn does by default.
#
#   findings/asgi_servers_and_deflate.sh
#
# Seen with Python 3.11.2; the bytes are those of a frame with 20,000 letters "x":
#   uvicorn 0.54.0: permessage-deflate, about 50 bytes
#   hypercorn 0.18.0: permessage-deflate, about 50 bytes
#   granian 2.8.9: no extension, 20004 bytes
#   gunicorn 27.0.1: no extension, 20004 bytes
#   daphne 4.2.3: no extension, 20004 bytes
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
bin="$folder/venv/bin"
"$bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0 websockets==16.0 \
  hypercorn==0.18.0 granian==2.8.9 gunicorn==27.0.1 daphne==4.2.3
cd "$folder"
cat >app.py <<'END'
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "x" * 20_000})
    await receive()
END
cat >ask.py <<'END'
import socket
import sys
import time

name, port = sys.argv[1], int(sys.argv[2])
deadline = time.monotonic() + 30
while True:
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.1)
connection.sendall(
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
stream = connection.makefile("rb")
assert b" 101 " in stream.readline()
extension = "no extension"
while (line := stream.readline().strip()) != b"":
    field, _, value = line.partition(b":")
    if field.lower() == b"sec-websocket-extensions":
        extension = value.decode().strip().split(";")[0]
head = stream.read(2)
length = head[1] & 127
if length == 126:
    length = int.from_bytes(stream.read(2), "big")
    overhead = 4
else:
    overhead = 2
size = length + overhead
print(f"{name}: {extension}, {'about 50' if size < 100 else size} bytes")
END
ask() {
  local name=$1 port
  shift
  port="$("$bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  "${@//PORT/$port}" >"$name.log" 2>&1 &
  "$bin/python" ask.py "$name $("$bin/pip" list --format=freeze | sed -n "s/^$name==//Ip")" "$port"
  kill $! && wait $! 2>/dev/null || true
}
{
  ask uvicorn "$bin/uvicorn" app:application --port PORT
  ask hypercorn "$bin/hypercorn" app:application --bind 127.0.0.1:PORT
  ask granian "$bin/granian" app:application --port PORT --interface asgi
  ask gunicorn "$bin/gunicorn" app:application -k asgi --bind 127.0.0.1:PORT
  ask daphne "$bin/daphne" app:application --port PORT
} | tee seen
diff - seen <<'END'
uvicorn 0.54.0: permessage-deflate, about 50 bytes
hypercorn 0.18.0: permessage-deflate, about 50 bytes
granian 2.8.9: no extension, 20004 bytes
gunicorn 27.0.1: no extension, 20004 bytes
daphne 4.2.3: no extension, 20004 bytes
END
