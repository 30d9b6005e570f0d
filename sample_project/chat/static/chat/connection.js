// The Socket.IO connection: its state, and requests that return promises.

const ANSWER_WITHIN = 15000; // milliseconds

export const pollingOnly = new URLSearchParams(location.search).get("transport") === "polling";

export const socket = io("/chat", {
  transports: pollingOnly ? ["polling"] : ["polling", "websocket"],
  closeOnBeforeunload: true,  // a closed page is offline immediately, also on polling
  autoConnect: false,
});

// The acknowledgement of an event. Rejects if the server refuses it, or after a timeout.
export async function request(event, payload) {
  const answer = await socket.timeout(ANSWER_WITHIN).emitWithAck(event, payload);
  if (!answer.ok) throw new Refusal(answer.error);
  return answer;
}

// The user's request was refused; the message has the reason.
export class Refusal extends Error {}

// Calls `show(state, transport)` at every change. States: connecting, connected, reconnecting,
// offline (the server has disconnected the client, which does not reconnect).
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
      // Refused by the consumer: the user is no longer logged in.
      location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
  show("connecting", "");
}

// The server's clock, from a plain WebSocket without Socket.IO.
export function watchClock(show) {
  if (pollingOnly) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const clock = new WebSocket(`${scheme}://${location.host}/ws/clock/`);
  clock.addEventListener("message", (event) => show(new Date(JSON.parse(event.data).now)));
  clock.addEventListener("close", () => show(null));
}
