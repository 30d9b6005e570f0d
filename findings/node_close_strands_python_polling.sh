#!/usr/bin/env bash
# When a Node server of socket.io ends with io.close() and starts again, the Python client comes back
# over WebSockets, but not over polling. The JavaScript client comes back over both.
#
# Guess: a restart looks the same on both transports, and the client, whose reconnection is on by
# default, comes back. But io.close() answers a waiting poll with Engine.IO's close packet, which
# python-engineio takes as the server's wish that the client stays away ("server disconnect");
# engine.io-client takes it as "transport close", after which socket.io-client connects again.
#
#   findings/node_close_strands_python_polling.sh
#
# Seen with socket.io 4.8.4 (engine.io 6.6.13) on Node 20.20.2, socket.io-client 4.8.3,
# python-socketio 5.18.0 with python-engineio 4.15.1, websocket-client 1.9.0 on Python 3.11.2:
#   JavaScript polling: transport close, connected again
#   JavaScript websocket: transport close, connected again
#   Python polling: server disconnect, stayed away
#   Python websocket: transport error, connected again
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit socket.io@4.8.4 socket.io-client@4.8.3
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-socketio==5.18.0 \
  python-engineio==4.15.1 requests==2.32.5 websocket-client==1.9.0
cat >server.js <<'END'
const { Server } = require("socket.io");
const io = new Server(Number(process.argv[2]));
io.httpServer.on("listening", () => console.log(`port ${io.httpServer.address().port}`));
io.on("connection", (socket) => console.log(`client ${socket.handshake.query.who}`));
process.on("SIGTERM", () => {
  io.close();
  setTimeout(() => process.exit(0), 300);
});
END
cat >client.js <<'END'
const { io } = require("socket.io-client");
const [, , port, transport] = process.argv;
const who = `JavaScript ${transport}`;
const options = { transports: [transport], query: { who }, reconnectionDelay: 200 };
const socket = io(`http://127.0.0.1:${port}`, options);
socket.on("disconnect", (reason) => console.log(`${who}: ${reason}`));
END
cat >client.py <<'END'
import sys
import urllib.parse

import socketio

port, transport = sys.argv[1:]
who = f"Python {transport}"
client = socketio.Client(reconnection_delay=0.2)
client.on("disconnect", lambda reason: print(f"{who}: {reason}", flush=True))
query = urllib.parse.urlencode({"who": who})
client.connect(f"http://127.0.0.1:{port}?{query}", transports=[transport])
client.wait()
END
# wait_for COUNT PATTERN FILE: until so many lines match, for ten seconds at most.
wait_for() {
  for _ in $(seq 100); do
    [ "$(grep -c "$2" "$3" || true)" -ge "$1" ] && return 0
    sleep 0.1
  done
  return 1
}
node server.js 0 >first &
server=$!
wait_for 1 '^port' first
port="$(sed -n 's/^port //p' first)"
for transport in polling websocket; do
  node client.js "$port" "$transport" >"js.$transport" &
  venv/bin/python client.py "$port" "$transport" >"py.$transport" &
done
wait_for 4 '^client' first
kill "$server"
wait "$server" || true
node server.js "$port" >second &
wait_for 4 '^client' second || true
for client in js py; do
  for transport in polling websocket; do
    name="$(sed -n 's/:.*//p' "$client.$transport" | head -1)"
    came="$(grep -q "^client $name\$" second && echo 'connected again' || echo 'stayed away')"
    echo "$(head -1 "$client.$transport"), $came"
  done
done | tee seen
diff - seen <<'END'
JavaScript polling: transport close, connected again
JavaScript websocket: transport close, connected again
Python polling: server disconnect, stayed away
Python websocket: transport error, connected again
END
