// A Socket.IO server of Node with the Redis adapter, and clients of it, for the tests of clusters:
//   node cluster_node.mjs '{"redis": URL, "sharded": false, "clients": {"ann": ["/chat", ["lobby"]]}}'
// Each client has a namespace and rooms, and joins the room "all NAME". Lines on stdout are JSON:
// {"ready": true} when servers of Redis know all of it, then [name, event, ...arguments] for what a
// client gets, with bytes as {"bytes": base64}, and ["server", ...] for events of other servers.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";

const { redis, sharded, clients } = JSON.parse(process.argv[2]);
const PATIENCE = 60_000; // milliseconds

const say = (line) =>
  process.stdout.write(
    `${JSON.stringify(line, (_, value) => (value?.type === "Buffer" ? { bytes: Buffer.from(value.data).toString("base64") } : value))}\n`,
  );

const publisher = createClient({ url: redis, RESP: 2 });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) client.on("error", () => {}); // it connects again
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const server = new Server(http, { adapter: (sharded ? createShardedAdapter : createAdapter)(publisher, subscriber) });
const namespaces = new Set(["/", ...Object.values(clients).map(([namespace]) => namespace)]);
for (const name of namespaces) {
  server
    .of(name)
    .on("connection", (socket) => {
      const { rooms, name } = socket.handshake.auth;
      socket.join([...rooms, `all ${name}`]);
      socket.emit("joined", [...socket.rooms]);
    })
    .on("from outside", (...args) => say(["server", ...args]));
}
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));

const url = `http://127.0.0.1:${http.address().port}`;
for (const [name, [namespace, rooms]] of Object.entries(clients)) {
  const socket = connect(url + namespace, { auth: { rooms, name }, transports: ["websocket"], reconnection: false, forceNew: true });
  await new Promise((resolve) => socket.once("joined", resolve));
  socket.onAny((...event) => say([name, ...event]));
  socket.on("disconnect", (reason) => say([name, "disconnect", reason]));
}

// --- wait for the subscriptions ---

const command = sharded ? "SHARDNUMSUB" : "NUMSUB";
const channels = sharded
  ? [...namespaces].flatMap((name) => [`socket.io#${name}#`, ...rooms_of(name).map((room) => `socket.io#${name}#${room}#`)])
  : [...namespaces].map((name) => `socket.io-request#${name}#`);
const deadline = Date.now() + PATIENCE;
while (!(await are_subscribed())) {
  if (Date.now() > deadline) throw new Error("no subscriptions");
  await sleep(10);
}
say({ ready: true });
process.stdin.on("end", () => process.exit(0)).resume();

function rooms_of(namespace) {
  return Object.values(clients).flatMap(([name, rooms]) => (name === namespace ? rooms : []));
}

async function are_subscribed() {
  const counts = await publisher.sendCommand(["PUBSUB", command, ...channels]);
  const patterns = sharded ? namespaces.size : await publisher.sendCommand(["PUBSUB", "NUMPAT"]);
  return patterns >= namespaces.size && counts.every((count, index) => index % 2 === 0 || Number(count) > 0);
}
