import assert from "node:assert/strict";
import { call, connected, manager, until } from "./client.mjs";

const TREE = {
  zebra: 1,
  apple: [true, false, null, 0, -1.5, 1e21, 9007199254740991],
  日本: "語 🎉 \u2028 \\ \" \u0000 \u001e",
  nested: { b: { a: [] }, a: {} },
};

export async function echoesArguments({ url, transports }) {
  const socket = await connected({ url, transports });
  for (const args of [[], [1], ["a", TREE, [TREE]], [null], ["", [], {}], ["x".repeat(200_000)]]) {
    const echo = until(socket, "echo");
    socket.emit("echo", ...args);
    assert.deepEqual(await echo, args);
  }
  const named = until(socket, "any other name");
  socket.emit("any name at all: 日本", 5);
  assert.deepEqual(await named, [5]);
}

export async function keepsTheOrderOfKeys({ url, transports }) {
  const socket = await connected({ url, transports });
  const [answer] = await call(socket, "reply", TREE);
  assert.equal(JSON.stringify(answer), JSON.stringify(TREE));
}

export async function acknowledgesBothWays({ url, transports }) {
  const socket = await connected({ url, transports });
  assert.deepEqual(await call(socket, "reply", 1, "two", TREE), [1, "two", TREE]);
  assert.deepEqual(await call(socket, "reply"), []);
  assert.deepEqual(await call(socket, "quiet", 1), []);
  assert.deepEqual(await call(socket, "nobody handles this", 1, [2]), [1, [2]]);
  assert.deepEqual(await call(socket, "fail"), [{ error: "Internal server error" }]);

  socket.on("question", (...args) => args.pop()("answer to", ...args));
  const answered = until(socket, "answered");
  socket.emit("ask", "why", TREE);
  assert.deepEqual(await answered, ["answer to", "why", TREE]);
}

export async function getsPythonTypes({ url, transports }) {
  const socket = await connected({ url, transports });
  const args = [1, 1.5, "s", null, true, [1], { a: Buffer.from("b") }, Buffer.from("x")];
  const [kinds] = await call(socket, "kinds", ...args);
  assert.deepEqual(kinds, [
    "int", "float", "str", "NoneType", "bool", ["int"], { a: "bytes" }, "bytes",
  ]);
}

export async function talksToSyncHandlers({ url, transports, key }) {
  const root = await connected({ url, transports });
  const synced = until(root, "synced");
  root.emit("sync", "a", { b: 1 });
  assert.deepEqual(await synced, [false, "a", { b: 1 }]);

  const sync = manager({ url, transports }).socket("/sync", { auth: { key } });
  const welcome = until(sync, "welcome");
  await until(sync, "connect");
  assert.deepEqual(await welcome, ["from a thread"]);
  assert.deepEqual(await call(sync, "reply", 1, [2]), [1, [2]]);
}

export async function survivesAHandlerThatRaises({ url, transports }) {
  const socket = await connected({ url, transports });
  socket.emit("fail");
  assert.deepEqual(await call(socket, "reply", "alive"), ["alive"]);
}

// Every thread's emits arrive in that thread's order, whether to the socket or to a room.
export async function hearsThreads({ url, transports }) {
  const socket = await connected({ url, transports });
  const [threads, amount] = [4, 100];
  const next = Array(threads).fill(0);
  const all = new Promise((resolve, reject) => {
    let left = threads * amount;
    socket.on("from thread", (thread, number) => {
      if (number !== next[thread]++) reject(new Error(`thread ${thread}: ${number} out of order`));
      if (--left === 0) resolve();
    });
  });
  socket.emit("threads", threads, amount);
  await all;
}
