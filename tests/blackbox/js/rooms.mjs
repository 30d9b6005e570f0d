import assert from "node:assert/strict";
import { call, connected } from "./client.mjs";

// Then both have received everything that was sent to them before.
const settle = (...sockets) => Promise.all(sockets.map((socket) => call(socket, "reply")));
const said = (socket) => socket.heard.filter(([event]) => event === "said").map(([, text]) => text);

export async function emitsInRooms({ url, transports, room }) {
  const [alice, bob, carol] = await Promise.all(
    [1, 2, 3].map(() => connected({ url, transports })),
  );
  await Promise.all([call(alice, "join", room), call(bob, "join", room)]);
  await call(alice, "say", room, "to both");
  await call(carol, "say", room, "from outside");
  await call(bob, "leave", room);
  await call(alice, "say", room, "to alice only");
  await call(alice, "leave_all");
  await call(alice, "say", room, "to nobody");
  await settle(alice, bob, carol);
  assert.deepEqual(said(alice), ["to both", "from outside", "to alice only"]);
  assert.deepEqual(said(bob), ["to both", "from outside"]);
  assert.deepEqual(said(carol), []);
}

export async function keepsRoomsOfNamespacesSeparate({ url, transports, room }) {
  const root = await connected({ url, transports });
  const chat = await connected({ url, transports, namespace: "/chat" });
  await Promise.all([call(root, "join", room), call(chat, "join", room)]);
  await call(root, "say", room, "in root");
  await call(chat, "say", room, "in chat");
  await call(root, "reply");
  await call(chat, "nobody handles this");
  assert.deepEqual(said(root), ["in root"]);
  assert.deepEqual(said(chat), ["in chat"]);
}

export async function reachesTheRecipientsOfAChain({ url, transports, room }) {
  const names = ["alice", "bob", "carol"];
  const [alice, bob, carol] = await Promise.all(names.map(() => connected({ url, transports })));
  const [lobby, quiet] = [`${room} lobby`, `${room} quiet`];
  await Promise.all([alice, bob, carol].map((socket) => call(socket, "join", lobby)));
  await call(carol, "join", quiet);
  await call(alice, "tell", [["to", lobby]], "to the others");
  await call(alice, "tell", [["to", lobby], ["except_", quiet]], "not to quiet ones");
  await call(alice, "tell", [["to", carol.id]], "to carol alone");
  await call(alice, "tell", [["to", [lobby, quiet]], ["except_", bob.id]], "not to bob");
  await call(alice, "tell", [["timeout", 1]], "to alice herself");
  await settle(alice, bob, carol);
  assert.deepEqual(said(alice), ["to alice herself"]);
  assert.deepEqual(said(bob), ["to the others", "not to quiet ones"]);
  assert.deepEqual(said(carol), ["to the others", "to carol alone", "not to bob"]);
}

export async function answersABroadcast({ url, transports, room }) {
  const sockets = await Promise.all([1, 2, 3].map(() => connected({ url, transports })));
  sockets.forEach((socket, number) =>
    socket.on("question", (question, answer) => answer(`${question} ${number}`)),
  );
  await Promise.all(sockets.slice(1).map((socket) => call(socket, "join", room)));
  assert.deepEqual(await call(sockets[0], "poll", room, "who?"), [["who? 1", "who? 2"]]);
}

// The events that one client sends to a room arrive in its order at all members, binary or not.
export async function keepsTheOrderInRooms({ url, transports, room }) {
  const sockets = await Promise.all([1, 2, 3, 4].map(() => connected({ url, transports })));
  await Promise.all(sockets.map((socket) => call(socket, "join", room)));
  const amount = 100;
  for (let number = 0; number < amount; ++number) {
    for (const [sender, socket] of sockets.slice(0, 2).entries()) {
      if (number % 5) socket.emit("say", room, [sender, number]);
      else socket.emit("say", room, [sender, number], Buffer.from([number]));
    }
  }
  await Promise.all(sockets.map((socket) => call(socket, "reply")));
  await settle(...sockets);
  const expected = Array.from({ length: amount }, (_, number) => number);
  for (const socket of sockets) {
    for (const sender of [0, 1]) {
      const numbers = said(socket).filter(([from]) => from === sender).map(([, number]) => number);
      assert.deepEqual(numbers, expected);
    }
  }
}

export async function relaysNatively({ url, transports, room }) {
  const [alice, bob, carol] = await Promise.all(
    [1, 2, 3].map(() => connected({ url, transports, namespace: "/board" })),
  );
  await Promise.all([call(alice, "join", room), call(bob, "join", room)]);
  const bytes = Buffer.from([0, 1, 2, 255]);
  assert.deepEqual(await call(alice, "move", 1, { x: [null, "é"] }), []);
  assert.deepEqual(await call(alice, "move", { bytes }), []);
  bob.emit("move", "back");
  await settle(alice, bob, carol);
  assert.deepEqual(bob.heard, [
    ["move", 1, { x: [null, "é"] }],
    ["move", { bytes }],
  ]);
  assert.deepEqual(alice.heard, [["move", "back"]]);
  assert.deepEqual(carol.heard, []);
}
