// Scenarios only for clients of Socket.IO 2.
import assert from "node:assert/strict";
import { call, connected, joined, manager, until } from "./client.mjs";

export async function derivesItsIdsFromTheSid({ url, transports }) {
  const shared = manager({ url, transports });
  const root = joined(shared, "/");
  const chat = joined(shared, "/chat");
  await Promise.all([until(root, "connect"), until(chat, "connect")]);
  assert.equal(root.id, shared.engine.id);
  assert.equal(chat.id, `/chat#${shared.engine.id}`);
  const [seen] = await call(root, "describe");
  assert.equal(seen.id, root.id);
}

export async function joinsANamespaceWithAQuery({ url, transports }) {
  const socket = await connected({ url, transports, namespace: "/chat?token=a%20b&n=1&n=2" });
  assert.deepEqual(await call(socket, "auth"), [{ token: "a b", n: ["1", "2"] }]);
}

// Sends several pings, and is not disconnected.
export async function staysAlive({ url, transports }) {
  const socket = await connected({ url, transports });
  let reason;
  socket.on("disconnect", (why) => (reason = why));
  for (let pongs = 0; pongs < 4; ++pongs) await until(socket.io, "pong");
  assert.equal(reason, undefined);
  assert.deepEqual(await call(socket, "reply", "alive"), ["alive"]);
}
