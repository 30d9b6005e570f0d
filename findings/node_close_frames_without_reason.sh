#!/usr/bin/env bash
# ws 8.23.0, the WebSocket library of Node's socket.io: a close frame for a broken rule has a code, but never a
# reason. The text that says which rule it was stays in the server's "error" event.
#
# Guess: a client that is closed with 1009 can read "Max payload size exceeded" in the close event, as the
# server's error says; a browser's event.reason exists for that. Where clients must learn the reason, send it
# in a message, or close with code and reason from the "error" handler before the library does.
#
#   findings/node_close_frames_without_reason.sh
#
# Seen with Node 20:
#   server: Max payload size exceeded
#   client: code 1009, reason ""
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' >package.json
npm install --silent --no-audit --no-fund ws@8.23.0 >/dev/null
cat >seen.js <<'END'
import WebSocket, { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: 10 });
server.on("connection", (socket) => {
  socket.on("error", (error) => console.log(`server: ${error.message}`));
});
server.on("listening", () => {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  client.on("open", () => client.send("more than ten bytes"));
  client.on("close", (code, reason) => {
    console.log(`client: code ${code}, reason "${reason}"`);
    server.close();
  });
});
END
node seen.js | tee seen
diff - seen <<'END'
server: Max payload size exceeded
client: code 1009, reason ""
END
