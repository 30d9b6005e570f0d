#!/usr/bin/env bash
# The JavaScript client of Socket.IO can't connect to a namespace whose name has brackets by its URL: it
# asks a host whose name lacks the first and the last character.
#
# Guess: brackets behind the host are part of the namespace. But engine.io-client takes brackets
# anywhere in the URL for those around an IPv6 address, and cuts them off the host. In browsers,
# io("/org[1]") goes the same way, because the client puts the page's host before the name.
#
#   findings/client_misreads_brackets.sh
#
# Seen with socket.io 4.8.4, socket.io-client 4.8.3 with engine.io-client 6.6.8 on Node 20.20.2:
#   io("http://127.0.0.1/org"): host 127.0.0.1, connected
#   io("http://127.0.0.1/org[1]"): host 27.0.0., websocket error
#   new Manager("http://127.0.0.1").socket("/org[1]"): host 127.0.0.1, connected
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit socket.io@4.8.4 socket.io-client@4.8.3 \
  engine.io-client@6.6.8
cat >brackets.js <<'END'
const { Server } = require("socket.io");
const { io: connect, Manager } = require("socket.io-client");
const server = new Server(0);
server.of("/org");
server.of("/org[1]");
const url = "http://127.0.0.1";
const options = { transports: ["websocket"], reconnection: false };

async function outcome(socket) {
  const connected = new Promise((resolve) => socket.on("connect", () => resolve("connected")));
  const refused = new Promise((resolve) => socket.on("connect_error", (error) => resolve(error.message)));
  const ended = await Promise.race([connected, refused]);
  return `host ${socket.io.engine.hostname}, ${ended}`;
}
server.httpServer.on("listening", async () => {
  const port = server.httpServer.address().port;
  for (const name of ["/org", "/org[1]"]) {
    console.log(`io("${url}${name}"): ${await outcome(connect(`${url}:${port}${name}`, options))}`);
  }
  const socket = new Manager(`${url}:${port}`, options).socket("/org[1]");
  console.log(`new Manager("${url}").socket("/org[1]"): ${await outcome(socket)}`);
  process.exit(0);
});
END
timeout 30 node brackets.js | tee seen
diff - seen <<'END'
io("http://127.0.0.1/org"): host 127.0.0.1, connected
io("http://127.0.0.1/org[1]"): host 27.0.0., websocket error
new Manager("http://127.0.0.1").socket("/org[1]"): host 127.0.0.1, connected
END
