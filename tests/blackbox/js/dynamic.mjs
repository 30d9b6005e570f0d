import assert from "node:assert/strict";
import { call, client, connected, joined, manager, until } from "./client.mjs";

// Several dynamic namespaces on one connection, and one that is refused.
export async function joinsDynamicNamespaces({ url, transports, numbers }) {
  const shared = manager({ url, transports });
  const boards = numbers.map((number) => joined(shared, `/board-${number}`));
  await Promise.all(boards.map((board) => until(board, "connect")));
  for (const [index, board] of boards.entries()) {
    const answer = await call(board, "where");
    assert.deepEqual(answer, [`/board-${numbers[index]}`, String(numbers[index])]);
  }
  const wrong = joined(shared, "/board-none");
  const [error] = await until(wrong, "connect_error");
  assert.equal(error.message, "Invalid namespace");
  boards[0].disconnect();
  boards[0].connect();
  await until(boards[0], "connect");
  assert.deepEqual(await call(boards[0], "where"), [`/board-${numbers[0]}`, String(numbers[0])]);
}

// An emit to one namespace stays there; an emit to all of them reaches all.
export async function emitsInDynamicNamespaces({ url, transports, numbers: [here, there] }) {
  const [one, two, other] = await Promise.all(
    [here, here, there].map((number) =>
      connected({ url, transports, namespace: `/board-${number}` }),
    ),
  );
  const said = (socket) => socket.heard.filter(([event]) => event === "said").map(([, text]) => text);
  await call(one, "say", "here");
  await call(one, "say_everywhere", "everywhere");
  await Promise.all([one, two, other].map((socket) => call(socket, "where")));
  assert.deepEqual(said(one), ["everywhere"]);
  assert.deepEqual(said(two), ["here", "everywhere"]);
  assert.deepEqual(said(other), ["everywhere"]);
}

// A function decides by the client's `auth`.
export async function isAdmittedByAFunction({ url, transports, secret }) {
  const namespace = `/${secret}`;
  const refused = client({ url, transports, namespace, auth: { secret: "another" } });
  const [error] = await until(refused, "connect_error");
  assert.equal(error.message, "Invalid namespace");
  const admitted = await connected({ url, transports, namespace, auth: { secret } });
  assert.deepEqual(await call(admitted, "echo", "x"), [namespace, "x"]);
}
