// The Socket.IO connection: its state, and requests whose answers are promises.

const ANSWER_WITHIN = 15000; // milliseconds

export const pollingOnly = new URLSearchParams(location.search).get("transport") === "polling";

export const socket = io("/chat", {
  transports: pollingOnly ? ["polling"] : ["polling", "websocket"],
  closeOnBeforeunload: true, // who leaves is offline at once, over polling too
  autoConnect: false,
});

// The server's answer to an event. Rejects when it refuses, or when no answer comes in time.
export async function request(event, payload) {
  const answer = await socket.timeout(ANSWER_WITHIN).emitWithAck(event, payload);
  if (!answer.ok) throw new Refusal(answer.error);
  return answer;
}

// What the user asked for is not allowed; the message says why.
export class Refusal extends Error {}

// Calls `show(state, transport)` at every change. States: connecting, connected, reconnecting,
// offline (the server has ended the connection for good).
export function watchConnection(show) {
  const manager = socket.io;
  const transport = () => (socket.connected ? manager.engine.transport.name : "");
  const connected = () => show("connected", transport());

  socket.on("connect", () => {
    connected();
    manager.engine.off("upgrade", connected);
    manager.engine.on("upgrade", connected);
  });
  socket.on("disconnect", () => show(socket.active ? "reconnecting" : "offline", ""));
  socket.on("connect_error", () => {
    if (socket.active) {
      show("reconnecting", "");
    } else {
      // Refused by the consumer: the login has ended.
      location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
  show("connecting", "");
}

// The server's clock, from a plain WebSocket that is not Socket.IO.
export function watchClock(show) {
  if (pollingOnly) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const clock = new WebSocket(`${scheme}://${location.host}/ws/clock/`);
  clock.addEventListener("message", (event) => show(new Date(JSON.parse(event.data).now)));
  clock.addEventListener("close", () => show(null));
}
