import assert from "node:assert/strict";
import { call, client, connected, until } from "./client.mjs";

const bytes = (...values) => Buffer.from(values);
const every = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

const CASES = [
  [bytes(1, 2, 3)],
  [Buffer.alloc(0)],
  [{ a: { b: [bytes(1), { c: bytes() }, "text"] } }, every],
  [[[bytes(9)]], bytes(), bytes(), "end"],
  [Buffer.alloc(100_000, 7), Buffer.alloc(1)],
  Array.from({ length: 10 }, (_, index) => bytes(index)),
];

// Received bytes may be a Buffer or an ArrayBuffer; compare the bytes.
function plain(value) {
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("hex");
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

export async function sendsBinary({ url, transports }) {
  const socket = await connected({ url, transports });
  for (const args of CASES) {
    const echo = until(socket, "echo");
    socket.emit("echo", ...args);
    assert.deepEqual(plain(await echo), plain(args));
    assert.deepEqual(plain(await call(socket, "reply", ...args)), plain(args));
  }
}

// As a client that can't send or receive bytes on its transports, before and after an upgrade.
export async function sendsBinaryInBase64({ url, transports }) {
  const socket = client({ url, transports, forceBase64: true });
  let upgrading;
  if (transports.length > 1) {
    socket.io.on("open", () => (upgrading = until(socket.io.engine, "upgrade")));
  }
  await until(socket, "connect");
  const exchange = async () => {
    for (const args of CASES) {
      assert.deepEqual(plain(await call(socket, "reply", ...args)), plain(args));
    }
  };
  await exchange();
  await upgrading;
  const { transport } = socket.io.engine;
  assert.equal(transport.name, transports.at(-1));
  if (transport.name === "polling") return;
  const kinds = new Set();
  transport.ws.addEventListener("message", ({ data }) => kinds.add(typeof data));
  await exchange();
  assert.deepEqual([...kinds], ["string"]);
}

export async function answersWithBinary({ url, transports }) {
  const socket = await connected({ url, transports });
  socket.on("question", (given, answer) => answer({ got: given, more: [bytes(5), bytes()] }));
  const answered = until(socket, "answered");
  socket.emit("ask", every);
  assert.deepEqual(plain(await answered), plain([{ got: every, more: [bytes(5), bytes()] }]));
}

// Events with and without attachments, sent together, stay in order.
export async function mixesBinaryAndText({ url, transports }) {
  const socket = await connected({ url, transports });
  const amount = 60;
  for (let number = 0; number < amount; ++number) {
    if (number % 3 === 0) socket.emit("echo", number);
    else socket.emit("echo", number, Buffer.alloc(number, number), bytes(number));
  }
  await call(socket, "reply");
  const numbers = socket.heard.map(([, number]) => number);
  assert.deepEqual(numbers, Array.from({ length: amount }, (_, index) => index));
  for (const [, number, first] of socket.heard) {
    if (number % 3) assert.equal(plain(first), plain(Buffer.alloc(number, number)));
  }
}
