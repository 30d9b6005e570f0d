#!/usr/bin/env bash
# Over polling, the Python client of Socket.IO loses all events of a burst of more than 16 that a Node
# server emits, and reconnects as if the connection had broken.
#
# python-engineio refuses an answer with more than 16 packets. The bound is known of its server, where
# it protects against clients; its client has the same one, while a Node server puts whatever waits
# into one answer. Guess: 40 events of a few bytes arrive.
#
#   findings/python_client_bursts_over_polling.sh
#
# Seen with socket.io 4.8.4 (engine.io 6.6.13) on Node 20.20.2, python-socketio 5.18.0 with
# python-engineio 4.15.1 on Python 3.11.2. (The first event of a burst arrives if it leaves alone.)
#   burst of 16: all arrived, connected once
#   burst of 40: lost, connected again
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit socket.io@4.8.4
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-socketio==5.18.0 \
  python-engineio==4.15.1 requests==2.32.5
cat >server.js <<'END'
const { Server } = require("socket.io");
const io = new Server(0);
io.httpServer.on("listening", () => console.log(io.httpServer.address().port));
io.on("connection", (socket) => {
  socket.on("burst", (size) => {
    for (let i = 0; i < size; i++) socket.emit("event", i);
  });
});
END
cat >client.py <<'END'
import sys
import threading

import socketio

port, size = sys.argv[1:]
client = socketio.Client(reconnection_delay=0.2)
arrived = []
connections = []
settled = threading.Event()


def on_event(number):
    arrived.append(number)
    if len(arrived) == int(size):
        settled.set()


def on_connect():
    connections.append(client.sid)
    if len(connections) == 2:
        settled.set()


client.on("event", on_event)
client.on("connect", on_connect)
client.connect(f"http://127.0.0.1:{port}", transports=["polling"])
client.emit("burst", int(size))
settled.wait(20)
how = "once" if len(connections) == 1 else "again"
what = "all arrived" if len(arrived) == int(size) else "lost" if len(arrived) < 2 else "some arrived"
print(f"burst of {size}: {what}, connected {how}")
client.disconnect()
END
node server.js >port &
for _ in $(seq 100); do
  [ -s port ] && break
  sleep 0.1
done
for size in 16 40; do
  venv/bin/python client.py "$(cat port)" "$size" 2>/dev/null
done | tee seen
diff - seen <<'END'
burst of 16: all arrived, connected once
burst of 40: lost, connected again
END
