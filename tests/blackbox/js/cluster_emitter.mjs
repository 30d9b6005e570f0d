// Emits with @socket.io/redis-emitter what is on stdin, one operation a line:
//   ["/chat", [["to", "lobby"], ["emit", "hi", 1]]]
// The arguments of the last call may have {"bytes": base64} for a Buffer.
//   node cluster_emitter.mjs redis://127.0.0.1:6379
import { createInterface } from "node:readline";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";

const client = createClient({ url: process.argv[2] });
await client.connect();
const published = [];
const emitter = new Emitter({ publish: (channel, payload) => published.push([channel, payload]) });
const revive = (_, value) => (value && typeof value.bytes === "string" ? Buffer.from(value.bytes, "base64") : value);

for await (const line of createInterface({ input: process.stdin })) {
  const [namespace, calls] = JSON.parse(line, revive);
  let chain = emitter.of(namespace);
  for (const [name, ...args] of calls) chain = name === "volatile" ? chain.volatile : chain[name](...args);
  // The emitter does not wait for its client; the order of the test must be that of the lines.
  for (const [channel, payload] of published.splice(0)) await client.publish(channel, payload);
}
await client.close();
