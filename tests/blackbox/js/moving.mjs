// Clients of several Python processes: of the namespace /count of resuming.py, and of moving_chat.py.
import assert from "node:assert/strict";
import http from "node:http";
import { call, connected } from "./client.mjs";

// Which must not notice that it moves: sends numbers, each after the acknowledgement of the one before, until it has moved so often.
// Returns how many it has sent, and the final transport.
export async function countsThroughMoves({ url, transports, moves }) {
  const socket = await connected({ url, transports, namespace: "/count", auth: {} });
  let reason;
  socket.on("disconnect", (why) => (reason = why));
  const id = socket.id;
  const moved = () => socket.heard.filter(([event]) => event === "resumed").length;
  let number = 0;
  while (moved() < moves) {
    const [, answer] = await call(socket, "number", ++number);
    assert.equal(answer, number);
    assert.equal(reason, undefined);
  }
  const [, told] = await call(socket, "tell");
  assert.deepEqual(told.data.numbers, Array.from({ length: number }, (_, index) => index + 1));
  assert.deepEqual(told.data.whys, Array.from({ length: moves }, () => "reload"));
  assert.equal(told.id, id);
  assert.equal(socket.id, id);
  return [number, socket.io.engine.transport.name];
}

// Counts what it does.
class FreshAgent extends http.Agent {
  connections = 0;
  requests = 0;

  createConnection(...args) {
    this.connections += 1;
    return super.createConnection(...args);
  }

  addRequest(...args) {
    this.requests += 1;
    return super.addRequest(...args);
  }
}

// Polling clients that open a connection for each request. Each says numbers in the same room, and
// hears those of all. Returns how many connections and requests there were.
export async function chatsOverFreshConnections({ url, clients, numbers }) {
  const agent = new FreshAgent({ keepAlive: false });
  const names = Array.from({ length: clients }, (_, index) => `javascript ${index}`);
  const sockets = await Promise.all(
    names.map((name) =>
      connected({
        url, transports: ["polling"], namespace: "/chat", agent, auth: { name, room: "javascript" },
      }),
    ),
  );
  const all = sockets.map(
    (socket) =>
      new Promise((resolve) => {
        let count = 0;
        socket.on("said", () => (count += 1) === clients * numbers && resolve());
      }),
  );
  await Promise.all(
    sockets.map(async (socket) => {
      for (let number = 1; number <= numbers; ++number) await call(socket, "say", number);
    }),
  );
  await Promise.all(all);
  const expected = Array.from({ length: numbers }, (_, index) => index + 1);
  for (const socket of sockets) {
    for (const name of names) {
      const heard = socket.heard.filter(([event, sender]) => event === "said" && sender === name);
      assert.deepEqual(heard.map(([, , number]) => number), expected);
    }
  }
  return [agent.connections, agent.requests];
}
