// Connection state recovery: clients that lose their connection and are recovered.
import assert from "node:assert/strict";
import { call, client, until, waitFor } from "./client.mjs";

// Cuts the connection like a network failure, or like the client's own engine.
function cut(socket, how) {
  const { engine } = socket.io;
  if (how === "close") engine.close();
  else if (engine.transport.name === "websocket") engine.transport.ws.terminate();
  else engine.transport.onError("cut");
}

function open({ url, transports, key }) {
  return client({
    url, transports, namespace: "/desk", auth: { key, join: [key] },
    reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 50,
  });
}

async function publish(url, to, events, binary = false) {
  const order = JSON.stringify({ to, events, binary });
  await fetch(`${url}/publish?order=${encodeURIComponent(order)}`);
}

// Loses its connection several times while 30 events are sent to its room. Returns the received
// events.
export async function recovers({ url, transports, key }) {
  const socket = open({ url, transports, key });
  await until(socket, "connect");
  assert.equal(socket.recovered, false);
  const { id } = socket;
  let next = 0;
  for (const how of ["close", "break", "close"]) {
    for (let i = 0; i < 5; ++i) await publish(url, key, [["n", next++]]);
    const back = until(socket, "connect");
    const gone = until(socket, "disconnect");
    cut(socket, how);
    await gone;
    const missed = [];
    for (let i = 0; i < 5; ++i) missed.push(["n", next++]);
    await publish(url, key, missed);
    await back;
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    if (how === "close" && next > 20) await publish(url, key, [["binary"]], true);
    const [answer, rooms] = await call(socket, "who");
    assert.equal(answer, id);
    assert.deepEqual(rooms, [key]);
  }
  await waitFor(() => socket.heard.length >= next + 1, "all events");
  return socket.heard.map(([event, what]) => [event, event === "binary" ? what.length : what]);
}

export async function reconnectsWithAnotherPid({ url, transports, key }) {
  const socket = open({ url, transports, key });
  await until(socket, "connect");
  const { id } = socket;
  const gone = until(socket, "disconnect");
  const back = until(socket, "connect");
  cut(socket, "close");
  await gone;
  socket._pid = "A".repeat(20);
  await back;
  assert.equal(socket.recovered, false);
  assert.notEqual(socket.id, id);
}

// The proxy at `url` cuts the connection at any byte, while numbers are sent. Returns the first
// argument of each received event, up to "end".
export async function receivesEventsDuringCuts({ url, transports, room }) {
  const socket = client({
    url, transports, reconnection: true, reconnectionDelay: 5, reconnectionDelayMax: 20,
  });
  let connections = 0;
  let recovered = 0;
  socket.on("connect", () => {
    connections += 1;
    if (socket.recovered) recovered += 1;
    else if (connections === 1) socket.emit("join", room);
  });
  const firsts = () => socket.heard.filter(([event]) => event === "said").map(([, first]) => first);
  await waitFor(() => firsts().includes("end"), "the end");
  return { heard: firsts(), connections, recovered };
}
