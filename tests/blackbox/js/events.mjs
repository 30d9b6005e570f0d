import assert from "node:assert/strict";
import { atLeast, call, client, connected, joined, manager, until } from "./client.mjs";

const TREE = {
  zebra: 1,
  apple: [true, false, null, 0, -1.5, 1e-21, 9007199254740991],
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

export async function acknowledgesInBothDirections({ url, transports }) {
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

export async function callsSyncHandlers({ url, transports, key }) {
  const root = await connected({ url, transports });
  const synced = until(root, "synced");
  root.emit("sync", "a", { b: 1 });
  assert.deepEqual(await synced, [false, "a", { b: 1 }]);

  const auth = { thread: key };
  const sync = joined(manager({ url, transports, auth }), "/sync", { auth });
  const welcome = until(sync, "welcome");
  await until(sync, "connect");
  assert.deepEqual(await welcome, ["from a thread"]);
  assert.deepEqual(await call(sync, "reply", 1, [2]), [1, [2]]);
}

export async function continuesAfterAHandlerRaises({ url, transports }) {
  const socket = await connected({ url, transports });
  socket.emit("fail");
  assert.deepEqual(await call(socket, "reply", "alive"), ["alive"]);
}

// The emits of each thread arrive in its order, to the socket and to a room.
export async function receivesEmitsOfThreads({ url, transports }) {
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

// Both sides wait for an acknowledgement that never comes, and for one that does.
export async function timesOutAcknowledgements({ url, transports }) {
  const socket = await connected({ url, transports });
  socket.on("never answered", () => {});
  const late = until(socket, "asked in vain");
  socket.emit("ask in vain", 50);
  await late;
  if (!atLeast(4.4)) return;

  const inVain = new Promise((resolve) => socket.timeout(50).emit("never answered", resolve));
  assert.match((await inVain).message, /timed out/);
  const answer = await new Promise((resolve) =>
    socket.timeout(20_000).emit("reply", 1, 2, (...answered) => resolve(answered)),
  );
  assert.deepEqual(answer, [null, 1, 2]);
  if (!atLeast(4.6)) return;

  assert.equal(await socket.emitWithAck("reply", "promised"), "promised");
  await assert.rejects(socket.timeout(50).emitWithAck("never answered"), /timed out/);
  assert.deepEqual(await socket.timeout(20_000).emitWithAck("reply", [1]), [1]);
}

// A client that is not slow gets volatile events too, in order with the others.
export async function emitsVolatileEvents({ url, transports }) {
  const socket = await connected({ url, transports });
  // On polling, volatile events arrive only while a request waits, so it tries several times.
  for (let number = 0; !socket.heard.some(([event]) => event === "volatile"); ++number) {
    assert.ok(number < 1000, "no volatile event arrives");
    await call(socket, "volatile echo", number);
  }
  if (!atLeast(3)) return;
  await talksUntilHeard(socket);
}

// The client drops its own volatile events while its transport is busy.
async function talksUntilHeard(socket) {
  for (let number = 0; !socket.heard.some(([event]) => event === "echo"); ++number) {
    assert.ok(number < 1000, "no volatile event is sent");
    socket.volatile.emit("echo", number);
    await call(socket, "reply");
  }
}

export async function reachesTheCatchAll({ url, transports }) {
  const socket = client({ url, transports, namespace: "/anything" });
  await until(socket, "connect");
  const args = ["a", { b: [1] }, Buffer.from("c")];
  const [event, tail] = await call(socket, "whatever comes: 日本", ...args);
  assert.deepEqual([event, tail.length], ["whatever comes: 日本", 3]);
  assert.deepEqual(tail.slice(0, 2), args.slice(0, 2));
  assert.deepEqual(await call(socket, "message"), ["message", []]);
  socket.send("by send()");
  const [heard] = await until(socket, "heard");
  assert.deepEqual(heard, ["message", "by send()"]);
}
