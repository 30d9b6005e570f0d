import assert from "node:assert/strict";
import { NodeWebSocket, NodeXHR } from "socket.io-client";
import { call, client, connected, until, waitFor } from "./client.mjs";

async function upgraded(socket) {
  await until(socket, "connect");
  if (socket.io.engine.transport.name !== "websocket") await until(socket.io.engine, "upgrade");
}

// The milliseconds from the start of the connection to the end of its upgrade.
export async function upgradesSoon({ url }) {
  const socket = client({ url, transports: ["polling", "websocket"] });
  const started = performance.now();
  await upgraded(socket);
  const took = performance.now() - started;
  assert.deepEqual(await call(socket, "reply", "by websocket"), ["by websocket"]);
  return took;
}

// Numbers are sent in both directions before, during and after the upgrade. Returns how many had
// arrived when the transport changed.
export async function countsThroughTheUpgrade({ url, amount }) {
  let beforeUpgrade;
  // Starts to open after some numbers have arrived.
  class LateWebSocket extends NodeWebSocket {
    doOpen() {
      waitFor(() => socket.heard.length >= 20, "numbers").then(() => super.doOpen());
    }
  }
  const socket = client({ url, transports: [NodeXHR, LateWebSocket] });
  await until(socket, "connect");
  socket.io.engine.once("upgrade", () => (beforeUpgrade = socket.heard.length));
  socket.emit("count", amount, 0.002);
  for (let number = 0; number < amount; ++number) {
    socket.emit("number", number);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const [received] = await call(socket, "numbers");
  const expected = Array.from({ length: amount }, (_, index) => index);
  assert.deepEqual(received, expected);
  const numbers = socket.heard.filter(([event]) => event === "number").map(([, number]) => number);
  assert.deepEqual(numbers, expected);
  assert.equal(socket.io.engine.transport.name, "websocket");
  return beforeUpgrade;
}

// Stays connected until the event "over"; returns the final transport.
export async function staysUntilOver({ url, transports, key }) {
  const socket = await connected({ url, transports, auth: { key, join: [key] } });
  let reason;
  socket.on("disconnect", (why) => (reason = why));
  await until(socket, "over");
  assert.deepEqual(await call(socket, "reply", "alive"), ["alive"]);
  assert.equal(reason, undefined);
  return socket.io.engine.transport.name;
}
