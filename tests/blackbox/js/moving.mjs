// A client of the namespace /count of resuming.py, which must not notice that it moves.
import assert from "node:assert/strict";
import { call, connected } from "./client.mjs";

// Sends numbers, each after the acknowledgement of the one before, until it has moved so often.
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
