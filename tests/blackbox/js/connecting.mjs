import assert from "node:assert/strict";
import { atLeast, call, client, connected, joined, manager, refused, until } from "./client.mjs";

export async function connectsWithAuth({ url, transports }) {
  const auth = { token: "geheim ✓", nested: { list: [1, 2.5, null, true] } };
  const socket = await connected({ url, transports, auth, query: { color: "blue & green" } });
  const [seen] = await call(socket, "describe");
  assert.deepEqual(seen.told, auth);
  assert.equal(seen.query.color, "blue & green");
  assert.equal(seen.address, "127.0.0.1");
  assert.equal(seen.id, socket.id);
  if (atLeast(3)) assert.notEqual(socket.id, socket.io.engine.id);
}

export async function connectsWithoutAuth({ url, transports }) {
  const socket = await connected({ url, transports });
  const [seen] = await call(socket, "describe");
  assert.deepEqual(seen.auth, {});
}

async function refusal(options) {
  const socket = client(options);
  const [error] = await until(socket, refused());
  assert.equal(socket.connected, false);
  // In version 2 the error is only the data, or the message if there is none.
  if (!atLeast(3)) return error;
  return { message: error.message, data: error.data ?? null };
}

export async function isRefused({ url, transports }) {
  const shared = { url, transports };
  return {
    falsy: await refusal({ ...shared, auth: { refuse: true } }),
    raised: await refusal({ ...shared, auth: { raise: true } }),
    explained: await refusal({ ...shared, auth: { message: "too late", data: { at: [1, 2] } } }),
    unknown: await refusal({ ...shared, namespace: "/nowhere" }),
  };
}

// A refused namespace does not affect the others on the same connection.
export async function sharesOneConnection({ url, transports }) {
  const shared = manager({ url, transports });
  const root = joined(shared, "/");
  const chat = joined(shared, "/chat");
  const functions = joined(shared, "/functions");
  const nowhere = joined(shared, "/nowhere");
  const refusal = until(nowhere, refused());
  await Promise.all([root, chat, functions].map((socket) => until(socket, "connect")));
  assert.equal((await refusal)[0].message, "Invalid namespace");
  assert.equal(new Set([root.id, chat.id, functions.id]).size, 3);

  const answers = [until(root, "echo"), until(chat, "chat echo")];
  root.emit("echo", "to root");
  chat.emit("echo", "to chat");
  assert.deepEqual(await Promise.all(answers), [["to root"], ["to chat"]]);
  assert.deepEqual(await call(functions, "double", 21), [42]);

  chat.disconnect();
  assert.deepEqual(await call(root, "reply", "still here"), ["still here"]);
  chat.connect();
  await until(chat, "connect");
  const again = until(chat, "chat echo");
  chat.emit("echo", "back");
  assert.deepEqual(await again, ["back"]);
}

// Events that connect() emits must not arrive before the client's "connect".
export async function receivesEventsOfConnectAfterConnecting({ url, transports }) {
  const socket = client({ url, transports, auth: { welcome: true } });
  const order = [];
  socket.on("connect", () => order.push("connect"));
  socket.on("welcome", () => order.push("welcome"));
  await until(socket, "welcome");
  assert.deepEqual(order, ["connect", "welcome"]);
}
