// Clients of the tested versions, and functions that wait for their events.
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";

const PATIENCE = 20_000;
const require = createRequire(import.meta.url);
const PACKAGES = {
  "4.8": "socket.io-client",
  "4.6": "socket.io-client-4.6",
  "4.4": "socket.io-client-4.4",
  "4.0": "socket.io-client-4.0",
  3: "socket.io-client-3",
  2: "socket.io-client-2",
};
const scenario = new AsyncLocalStorage();

// Node 22 and later have this class of browsers, which can't cut a connection. Without it, the client
// of version 2 takes that of the package ws, as the others do.
delete globalThis.WebSocket;

// Runs a scenario with the clients of one version, and disconnects all of them at the end. `parser`
// is the name of a package; without it, the client's own parser.
export function withClients({ version, parser }, run) {
  const opened = [];
  const library = require(PACKAGES[version]);
  const options = parser ? { parser: require(parser) } : {};
  return scenario.run({ opened, library, options, version: Number(version) }, async () => {
    try {
      return await run();
    } finally {
      for (const socket of opened) socket.disconnect();
    }
  });
}

// Whether the client's version is at least this one: 4.6.
export function atLeast(version) {
  return scenario.getStore().version >= version;
}

// A client that has not connected yet. `transports` is that of the official client: ["polling"],
// ["websocket"] or both, which upgrades.
export function client({ url, transports, namespace = "/", ...options }) {
  const store = scenario.getStore();
  const settings = {
    transports, forceNew: true, reconnection: false, ...store.options, ...withAuth(options),
  };
  return listening(store.library(url + namespace, settings));
}

export async function connected(options) {
  const socket = client(options);
  await until(socket, "connect");
  return socket;
}

// One connection for several namespaces.
export function manager({ url, transports, ...options }) {
  const store = scenario.getStore();
  const settings = { transports, reconnection: false, ...store.options, ...withAuth(options) };
  const shared = new store.library.Manager(url, settings);
  store.opened.push({ disconnect: () => shared.engine?.close() });
  return shared;
}

// One of a manager's namespaces.
export function joined(shared, namespace, options = {}) {
  return listening(shared.socket(namespace, withAuth(options)));
}

// Version 2 has no `auth`; the handlers use the query instead.
function withAuth({ auth, ...options }) {
  if (auth === undefined) return options;
  if (atLeast(3)) return { auth, ...options };
  return { ...options, query: { ...options.query, auth: JSON.stringify(auth) } };
}

// `heard` has all events, except those of the client itself.
function listening(socket) {
  scenario.getStore().opened.push(socket);
  socket.heard = [];
  if (atLeast(3)) {
    socket.onAny((event, ...args) => socket.heard.push([event, ...args]));
  } else {
    const { onevent } = socket;
    socket.onevent = (packet) => {
      socket.heard.push([...packet.data]);
      onevent.call(socket, packet);
    };
  }
  return socket;
}

// The name of the event for a refused namespace.
export function refused() {
  return atLeast(3) ? "connect_error" : "error";
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
      for (const name of ["connect_error", "error"]) {
        emitter.once(name, (error) => reject(new Error(`${name}: ${error?.message ?? error}`)));
      }
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
