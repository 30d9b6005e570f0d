// A Socket.IO server of Node in a cluster, which does what clients say, as tests/cluster/apps/member.py:
//   node cluster_server.mjs '{"redis": URL, "sharded": false}'
// Prints its port as a line of JSON when Redis has its subscriptions. Ends with its stdin.
import { createServer } from "node:http";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const { redis, sharded } = JSON.parse(process.argv[2]);
const namespaces = ["/", "/org[1]"];

const publisher = createClient({ url: redis, RESP: 2 });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) client.on("error", () => {}); // it connects again
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const adapter = sharded ? createShardedAdapter(publisher, subscriber) : createAdapter(publisher, subscriber);
const server = new Server(http, { adapter });

for (const name of namespaces) {
  const namespace = server.of(name);
  namespace.on("question", (value, ack) => ack(value));
  namespace.on("told", (value) => namespace.local.emit("told", value));
  namespace.on("connection", (socket) => {
    const { rooms = [], data = {} } = socket.handshake.auth;
    Object.assign(socket.data, data);
    socket.join(rooms);
    socket.on("do", async (order, ...rest) => {
      const ack = rest.pop();
      ack(await perform(namespace, socket, order, rest));
    });
  });
}

async function perform(namespace, socket, order, args) {
  let chain = order.broadcast ? socket.broadcast : namespace.except([]);
  if (order.to) chain = chain.to(order.to);
  if (order.except) chain = chain.except(order.except);
  if (order.volatile) chain = chain.volatile;
  if (order.local) chain = chain.local;
  const timeout = (order.timeout ?? 5) * 1000;
  const late = (error) => ({ late: error.message, answers: error.responses ?? [] });
  const date = order.date ? [new Date(order.date)] : [];
  switch (order.what) {
    case "emit":
      chain.emit(...args, ...date);
      return null;
    case "ask":
      return chain.timeout(timeout).emitWithAck(...args).then((answers) => ({ answers }), late);
    case "join":
      chain.socketsJoin(order.rooms);
      return null;
    case "leave":
      chain.socketsLeave(order.rooms);
      return null;
    case "disconnect":
      chain.disconnectSockets(order.close ?? false);
      return null;
    case "fetch":
      return chain.fetchSockets().then((sockets) => ({ sockets: sockets.map(described) }), late);
    case "tell":
      namespace.serverSideEmit("told", ...args);
      return null;
    case "question":
      return namespace.serverSideEmitWithAck("question", ...args).then((answers) => ({ answers }), late);
    case "count":
      return server.of(namespace.name).adapter.serverCount();
    default:
      throw new Error(order.what);
  }
}

function described({ id, rooms, data, handshake }) {
  return {
    id,
    rooms: [...rooms].filter((room) => room !== id).sort(),
    data,
    address: handshake.address,
    auth: handshake.auth,
    year: new Date(handshake.time).getFullYear(),
  };
}

await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
const counted = (name) => (sharded ? `socket.io#${name}#` : `socket.io-request#${name}#`);
while (!(await are_subscribed())) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(JSON.stringify({ port: http.address().port }));
process.stdin.on("end", () => process.exit(0)).resume();

async function are_subscribed() {
  const command = sharded ? "SHARDNUMSUB" : "NUMSUB";
  const counts = await publisher.sendCommand(["PUBSUB", command, ...namespaces.map(counted)]);
  return counts.every((count, index) => index % 2 === 0 || Number(count) > 0);
}
