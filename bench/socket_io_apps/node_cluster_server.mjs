// Broadcast on Node's socket.io with @socket.io/redis-adapter: node node_cluster_server.mjs PORT REDIS_URL
// The packages are those of the tests.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/blackbox/js/package.json", import.meta.url));
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");
const { Server } = require("socket.io");

const publisher = createClient({ url: process.argv[3], RESP: 2 });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);
const io = new Server({ serveClient: false, adapter: createAdapter(publisher, subscriber) });

io.on("connection", (socket) => {
  socket.on("all", (text) => io.emit("news", text));
});
io.listen(Number(process.argv[2]));
