#!/usr/bin/env bash
# With the sharded Redis adapter of socket.io, an event to one room that another server emits right after
# io.in(id).socketsJoin(room) is lost, also if the same server called both, one after the other.
#
# Guess: what one server publishes to another arrives in order, so that the socket joins the room before
# the event to it arrives. But the adapter has a channel of its own for each room, to which a server
# subscribes when its first socket has joined; an event that Redis gets before is for nobody. An event
# to two rooms goes over the channel that all servers have subscribed to, and arrives.
#
#   findings/sharded_adapter_joins_late.sh
#
# Needs redis-server 7 or later. Seen with socket.io 4.8.4, socket.io-client 4.8.3,
# @socket.io/redis-adapter 8.3.0 and redis 5.12.1 on Node 20.20.2, with Redis 7.0.15. Server A has the
# socket:
#   A joins, B emits to the room: 0 of 20 arrived
#   B joins and emits to the room: 0 of 20 arrived
#   B joins and emits to two rooms: 20 of 20 arrived
#   B joins and emits after the subscription: 20 of 20 arrived
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit socket.io@4.8.4 socket.io-client@4.8.3 \
  @socket.io/redis-adapter@8.3.0 redis@5.12.1
cat >events.mjs <<'END'
import { createServer } from "node:http";
import { createShardedAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";

const TRIES = 20;
const url = `redis://127.0.0.1:${process.argv[2]}`;

async function start() {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createShardedAdapter(publisher, subscriber) });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { io, publisher, port: http.address().port };
}
const a = await start();
const b = await start();

async function subscribed(channel, servers) {
  const count = () => a.publisher.sendCommand(["PUBSUB", "SHARDNUMSUB", channel]);
  while (Number((await count())[1]) < servers);
}
await subscribed("socket.io#/#", 2);

const client = connect(`http://127.0.0.1:${a.port}`, { transports: ["websocket"] });
await new Promise((resolve) => client.once("connect", resolve));
const arrived = new Set();
client.on("event", (room) => arrived.add(room));

let tries = 0;
async function count(joiner, ready, others) {
  let got = 0;
  for (let i = 0; i < TRIES; i++) {
    const room = `room ${++tries}`;
    joiner.io.in(client.id).socketsJoin(room);
    if (ready) await ready(room);
    b.io.to([room, ...others]).emit("event", room);
    // Goes over the common channel, behind the event.
    const last = new Promise((resolve) => client.once("last", resolve));
    b.io.to([client.id, "nobody"]).emit("last");
    await last;
    if (arrived.has(room)) got++;
  }
  return `${got} of ${TRIES} arrived`;
}
const subscription = (room) => subscribed(`socket.io#/#${room}#`, 1);
console.log("A joins, B emits to the room:", await count(a, null, []));
console.log("B joins and emits to the room:", await count(b, null, []));
console.log("B joins and emits to two rooms:", await count(b, null, ["nobody"]));
console.log("B joins and emits after the subscription:", await count(b, subscription, []));
process.exit(0);
END
port="$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
  console.log(s.address().port); s.close(); })')"
redis-server --bind 127.0.0.1 --port "$port" --save '' >redis &
for _ in $(seq 100); do
  grep -qs 'Ready to accept' redis && break
  sleep 0.1
done
timeout 60 node events.mjs "$port" | tee seen
diff - seen <<'END'
A joins, B emits to the room: 0 of 20 arrived
B joins and emits to the room: 0 of 20 arrived
B joins and emits to two rooms: 20 of 20 arrived
B joins and emits after the subscription: 20 of 20 arrived
END
