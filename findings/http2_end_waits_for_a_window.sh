#!/usr/bin/env bash
# An HTTP/2 server on nghttp2 does not end a response without bytes while the client's window for the
# stream is 0. A DATA frame without bytes needs no window (RFC 9113 section 6.9.1), and other
# libraries send it at once. For the application the response is complete, nothing is buffered, and
# yet the stream stays open for as long as the client likes: a server that only watches what is
# buffered has no deadline for it. sioserve has one for a missing end, too (the unit test
# CutsAResponseWhoseEndTheClientDoesNotTake).
#
# Guess: flow control only holds back bytes, so the end of an empty body is sent in all servers.
#
#   findings/http2_end_waits_for_a_window.sh
#
# Seen with Python 3.11.2; the frames behind HEADERS before and after the client opens its window:
#   hypercorn 0.18.0 (h2 4.4.1): END_STREAM before, nothing after
#   granian 2.8.9 (hyper): END_STREAM before, nothing after
#   node 22.23.3 (nghttp2 1.69.0): nothing before, END_STREAM after
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
bin="$folder/venv/bin"
"$bin/pip" install --quiet --disable-pip-version-check hypercorn==0.18.0 h2==4.4.1 granian==2.8.9 \
  hpack==4.2.0 hyperframe==6.1.0
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@22.23.3 >/dev/null
cat >app.py <<'END'
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    await send({"type": "http.response.body", "body": b""})
END
cat >app.mjs <<'END'
import { createServer } from "node:http2";

createServer((request, response) => {
  response.writeHead(200);
  response.write("");
  setImmediate(() => response.end());
}).listen(Number(process.argv[2]), "127.0.0.1");
END
cat >ask.py <<'END'
import socket
import sys
import time

import hpack
from hyperframe.frame import DataFrame, Frame, HeadersFrame, PingFrame, SettingsFrame, WindowUpdateFrame

name, port = sys.argv[1], int(sys.argv[2])
deadline = time.monotonic() + 30
while True:
    try:
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.1)
stream = client.makefile("rb")


def send(*frames):
    client.sendall(b"".join(frame.serialize() for frame in frames))


def read():
    frame, length = Frame.parse_frame_header(memoryview(stream.read(9)))
    frame.parse_body(memoryview(stream.read(length)))
    return frame


def seen_until_answers(count):
    """What came of the stream's DATA before the answers to `count` PINGs, one after the other."""
    seen = "nothing"
    for number in range(count):
        send(PingFrame(opaque_data=b"%08d" % number))
        while not (isinstance(frame := read(), PingFrame) and "ACK" in frame.flags):
            if isinstance(frame, DataFrame) and "END_STREAM" in frame.flags:
                seen = "END_STREAM"
        time.sleep(0.02)
    return seen


client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
send(SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}), SettingsFrame(flags=["ACK"]))
fields = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]
head = hpack.Encoder().encode(fields)
send(HeadersFrame(1, data=head, flags=["END_HEADERS", "END_STREAM"]))
while not isinstance(read(), HeadersFrame):
    pass
before = seen_until_answers(50)
if before == "nothing":
    send(WindowUpdateFrame(1, window_increment=1))
print(f"{name}: {before} before, {'nothing' if before != 'nothing' else seen_until_answers(50)} after")
END
ask() {
  local name=$1 port
  shift
  port="$("$bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  "${@//PORT/$port}" >server.log 2>&1 &
  "$bin/python" ask.py "$name" "$port"
  kill $! && wait $! 2>/dev/null || true
}
node=node_modules/.bin/node
library="$("$node" --print process.versions.nghttp2)"
{
  ask "hypercorn 0.18.0 (h2 4.4.1)" "$bin/hypercorn" app:application --bind 127.0.0.1:PORT
  ask "granian 2.8.9 (hyper)" "$bin/granian" app:application --port PORT --interface asgi --http 2
  ask "node $("$node" --version | tr -d v) (nghttp2 $library)" "$node" app.mjs PORT
} | tee seen
diff - seen <<'END'
hypercorn 0.18.0 (h2 4.4.1): END_STREAM before, nothing after
granian 2.8.9 (hyper): END_STREAM before, nothing after
node 22.23.3 (nghttp2 1.69.0): nothing before, END_STREAM after
END
