// Clients, and waiting for what they hear.
import { AsyncLocalStorage } from "node:async_hooks";
import { Manager, io } from "socket.io-client";

const PATIENCE = 20_000;
const scenario = new AsyncLocalStorage();

// Runs a scenario, and disconnects in the end whatever clients it has made.
export function withClients(run) {
  const opened = [];
  return scenario.run(opened, async () => {
    try {
      return await run();
    } finally {
      for (const socket of opened) socket.disconnect();
    }
  });
}

// A client that has not connected yet. `transports` is that of the official client: ["polling"],
// ["websocket"] or both, which upgrades.
export function client({ url, transports, namespace = "/", ...options }) {
  const socket = io(url + namespace, { transports, forceNew: true, reconnection: false, ...options });
  scenario.getStore().push(socket);
  socket.heard = [];
  socket.onAny((event, ...args) => socket.heard.push([event, ...args]));
  return socket;
}

export async function connected(options) {
  const socket = client(options);
  await until(socket, "connect");
  return socket;
}

// One connection for several namespaces.
export function manager({ url, transports, ...options }) {
  const shared = new Manager(url, { transports, reconnection: false, ...options });
  scenario.getStore().push({ disconnect: () => shared.engine?.close() });
  return shared;
}

// Resolves with the arguments of the next `event`.
export function until(emitter, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} in time`)), PATIENCE);
    emitter.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
    if (event === "connect") {
      emitter.once("connect_error", (error) => reject(new Error(`connect_error: ${error.message}`)));
    }
  });
}

export async function waitFor(condition, what) {
  const deadline = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// Emits and resolves with the arguments of the acknowledgement.
export function call(socket, event, ...args) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ack of ${event}`)), PATIENCE);
    socket.emit(event, ...args, (...answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
