import assert from "node:assert/strict";
import { call, connected } from "./client.mjs";

// Values that JSON does not have arrive as JSON.stringify would convert them.
export async function sendsWhatJsonDoesNotHave({ url, transports }) {
  const socket = await connected({ url, transports });
  const sent = [
    new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 7)), undefined, NaN, Infinity,
    { kept: 1, dropped: undefined, when: new Date(-1) },
  ];
  assert.deepEqual(await call(socket, "reply", ...sent), JSON.parse(JSON.stringify(sent)));
}

// ArrayBuffers, also with the sizes that the parser uses for undefined and dates.
export async function sendsArrayBuffers({ url, transports }) {
  const socket = await connected({ url, transports });
  for (const size of [0, 1, 2, 4, 8, 16, 255, 256, 65_536]) {
    const sent = new Uint8Array(size).fill(size % 256);
    const [received] = await call(socket, "reply", sent.buffer);
    assert.deepEqual([...received], [...sent]);
  }
}

export async function sendsNumbersOfEverySize({ url, transports }) {
  const socket = await connected({ url, transports });
  const sent = [0, 1.5, -1.5, 1e-300];
  for (let bits = 1; bits < 53; ++bits) {
    for (const offset of [-1, 0, 1]) sent.push(2 ** bits + offset, -(2 ** bits) + offset);
  }
  assert.deepEqual(await call(socket, "reply", sent), [sent]);
}
