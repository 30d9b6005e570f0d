// engine.io-client alone; the scenarios write the Socket.IO packets themselves.
import assert from "node:assert/strict";
import { Socket } from "engine.io-client";
import { until, waitFor } from "./client.mjs";

function opened({ url, transports }) {
  const engine = new Socket(url, { path: "/socket.io/", transports });
  engine.heard = [];
  engine.on("message", (data) => engine.heard.push(data));
  return engine;
}

async function heard(engine, amount) {
  await waitFor(() => engine.heard.length >= amount, `${amount} messages`);
  return engine.heard.splice(0, amount);
}

export async function sendsRawPackets({ url, transports }) {
  const engine = opened({ url, transports });
  await until(engine, "open");
  if (transports.length > 1) await until(engine, "upgrade");
  engine.send("0");
  assert.match((await heard(engine, 1))[0], /^0\{"sid":"[\w-]{20}"\}$/);

  engine.send('2["echo",1,"zwei"]');
  engine.send('25["reply",{"a":[true]}]');
  assert.deepEqual(await heard(engine, 2), ['2["echo",1,"zwei"]', '35[{"a":[true]}]']);

  engine.send('52-["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]');
  engine.send(Buffer.from([1, 2]));
  engine.send(Buffer.from([3]));
  const [head, ...attachments] = await heard(engine, 3);
  assert.equal(head, '52-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  assert.deepEqual(attachments.map((data) => [...new Uint8Array(data)]), [[3], [1, 2]]);

  engine.send("1");
  engine.send("0");
  assert.match((await heard(engine, 1))[0], /^0/);
  const closed = until(engine, "close");
  engine.send("2not JSON");
  assert.match((await closed)[0], /transport (close|error)/);
}

// Messages that were sent before close() are still received.
export async function closesWhenAllIsSent({ url, transports, key }) {
  const engine = opened({ url, transports });
  await until(engine, "open");
  engine.send(`0${JSON.stringify({ key })}`);
  await heard(engine, 1);
  const closed = until(engine, "close");
  for (let number = 0; number < 50; ++number) engine.send(`2["note",${number}]`);
  engine.close();
  assert.equal((await closed)[0], "forced close");
}
