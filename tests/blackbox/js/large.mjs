import assert from "node:assert/strict";
import { call, connected, until } from "./client.mjs";

// Polling requests contain binary data in base64, which is a third larger.
const binarySize = (maxPayload) => Math.floor((maxPayload * 3) / 4) - 1000;

// Messages just below the server's limit, in both directions.
export async function sendsLargeMessages({ url, transports, maxPayload }) {
  const socket = await connected({ url, transports });
  const text = "x".repeat(maxPayload - 100);
  assert.equal((await call(socket, "reply", text))[0], text);
  const bytes = Buffer.alloc(binarySize(maxPayload), "0123456789");
  const echo = until(socket, "echo");
  socket.emit("echo", "and", bytes);
  const [and, back] = await echo;
  assert.equal(and, "and");
  assert.ok(bytes.equals(Buffer.from(back)));
}

// One byte above the limit closes the connection, and has no other effect. Returns the client's
// reason.
export async function sendsTooMuch({ url, transports, maxPayload }) {
  const socket = await connected({ url, transports });
  const gone = until(socket, "disconnect");
  socket.emit("echo", "x".repeat(maxPayload));
  const [reason] = await gone;
  const again = await connected({ url, transports });
  assert.deepEqual(await call(again, "reply", "alive"), ["alive"]);
  return reason;
}
