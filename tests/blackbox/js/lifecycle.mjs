import assert from "node:assert/strict";
import { atLeast, call, client, connected, joined, manager, until } from "./client.mjs";

export async function disconnects({ url, transports, key }) {
  const socket = await connected({ url, transports, auth: { key, join: ["b", "a"] } });
  const [reason] = await Promise.all([until(socket, "disconnect"), socket.disconnect()]);
  return reason[0];
}

// Disconnects without a Socket.IO packet: with Engine.IO's close, or by closing the WebSocket.
export async function closesItsTransport({ url, transports, key }) {
  const socket = await connected({ url, transports, auth: { key } });
  const gone = until(socket, "disconnect");
  socket.io.engine.close();
  return (await gone)[0];
}

export async function isDisconnectedByTheServer({ url, transports, key, close }) {
  const shared = manager({ url, transports, auth: { key } });
  const root = joined(shared, "/", { auth: { key } });
  const chat = joined(shared, "/chat");
  await Promise.all([until(root, "connect"), until(chat, "connect")]);
  const words = until(root, "last words");
  const gone = until(root, "disconnect");
  const chatGone = close ? until(chat, "disconnect") : undefined;
  root.emit("kick", close);
  await words;
  const reasons = [(await gone)[0]];
  if (close) {
    reasons.push((await chatGone)[0]);
  } else {
    const echo = until(chat, "chat echo");
    chat.emit("echo", "still here");
    assert.deepEqual(await echo, ["still here"]);
  }
  return reasons;
}

// The connection breaks, and the client reconnects with a new id.
export async function reconnects({ url, transports, key }) {
  const socket = client({
    url, transports, auth: { key }, reconnection: true, reconnectionDelay: 20,
  });
  await until(socket, "connect");
  const first = socket.id;
  const gone = until(socket, "disconnect");
  // In version 2 a broken transport is also an "error" event, which would end a wait for "connect".
  const back = until(socket, atLeast(3) ? "connect" : "reconnect");
  const { transport } = socket.io.engine;
  if (transport.name === "websocket") transport.ws.terminate();
  else transport.onError("cut");
  await gone;
  await back;
  assert.notEqual(socket.id, first);
  assert.deepEqual(await call(socket, "reply", "again"), ["again"]);
}

// Waits until the server stops.
export async function staysUntilTheServerStops({ url, transports, key }) {
  const socket = await connected({ url, transports, auth: { key } });
  return (await until(socket, "disconnect"))[0];
}

// The server restarts, and the client reconnects.
export async function reconnectsAfterRestart({ url, transports, key }) {
  const socket = client({
    url, transports, auth: { key }, reconnection: true, reconnectionDelay: 100,
    reconnectionDelayMax: 500,
  });
  await until(socket, "connect");
  await new Promise((resolve) => socket.once("disconnect", resolve));
  await new Promise((resolve) => socket.once("connect", resolve));
  return "reconnected";
}

// Its messages are read too slowly for its pongs to arrive.
export async function staysConnectedWhileItIsThrottled({ url, transports }) {
  const socket = await connected({ url, transports });
  let reason;
  socket.on("disconnect", (why) => (reason = why));
  socket.emit("quiet", "x".repeat(6000));
  assert.deepEqual(await call(socket, "reply", "alive"), ["alive"]);
  assert.equal(reason, undefined);
}
