#!/usr/bin/env bash
# With the Redis adapter of socket.io, a namespace whose name has brackets gets no event that another
# server emits, without an error.
#
# Guess: a namespace is a text; what works for /org works for /org[1]. But the adapter subscribes with
# PSUBSCRIBE to the channel's name and a star, so that Redis reads the name as a pattern, too: the
# pattern socket.io#/org[1]#* does not match the channel socket.io#/org[1]#, to which the adapters
# publish. Events to clients of the same server arrive, and so do commands such as socketsJoin(), which
# have a channel that is subscribed to by its name.
#
#   findings/adapter_subscribes_to_patterns.sh
#
# Needs redis-server. Seen with socket.io 4.8.4, socket.io-client 4.8.3, @socket.io/redis-adapter 8.3.0
# and redis 5.12.1 on Node 20.20.2, with Redis 7.0.15. The client is at server A:
#   /org: A's event arrived, B's event arrived, B's socketsJoin() worked
#   /org[1]: A's event arrived, B's event was lost, B's socketsJoin() worked
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit socket.io@4.8.4 socket.io-client@4.8.3 \
  @socket.io/redis-adapter@8.3.0 redis@5.12.1
cat >namespaces.mjs <<'END'
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { Manager } from "socket.io-client";

const NAMES = ["/org", "/org[1]"];
const url = `redis://127.0.0.1:${process.argv[2]}`;

async function start() {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(publisher, subscriber) });
  for (const name of NAMES) io.of(name);
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { io, publisher, port: http.address().port };
}
const a = await start();
const b = await start();
for (const name of NAMES) {
  const channel = `socket.io-request#${name}#`; // subscribed to after the pattern
  const count = () => a.publisher.sendCommand(["PUBSUB", "NUMSUB", channel]);
  while (Number((await count())[1]) < 2);
}

// Not io(url + name): it takes brackets in a name for those of an IPv6 address.
const manager = new Manager(`http://127.0.0.1:${a.port}`, { transports: ["websocket"] });
for (const name of NAMES) {
  const client = manager.socket(name);
  await new Promise((resolve) => client.once("connect", resolve));
  const arrived = new Set();
  client.on("event", (from) => arrived.add(from));
  a.io.of(name).emit("event", "A");
  b.io.of(name).emit("event", "B");
  // B's command goes behind its event.
  const joined = new Promise((resolve) => a.io.of(name).adapter.once("create-room", resolve));
  b.io.of(name).socketsJoin("room");
  const room = await joined;
  const last = new Promise((resolve) => client.once("last", resolve));
  a.io.of(name).to(room).emit("last");
  await last;
  const event = (from) => `${from}'s event ${arrived.has(from) ? "arrived" : "was lost"}`;
  console.log(`${name}: ${event("A")}, ${event("B")}, B's socketsJoin() worked`);
}
process.exit(0);
END
port="$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
  console.log(s.address().port); s.close(); })')"
redis-server --bind 127.0.0.1 --port "$port" --save '' >redis &
for _ in $(seq 100); do
  grep -qs 'Ready to accept' redis && break
  sleep 0.1
done
timeout 30 node namespaces.mjs "$port" | tee seen
diff - seen <<'END'
/org: A's event arrived, B's event arrived, B's socketsJoin() worked
/org[1]: A's event arrived, B's event was lost, B's socketsJoin() worked
END
