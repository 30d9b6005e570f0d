// Members of the chat of scripts/soak_workers, with npm's socket.io-client: node_members.py. A line of
// standard input is what one is to do, a line of standard output is what has happened to one. Ends when its
// standard input ends.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { io } = createRequire(new URL("../blackbox/js/", import.meta.url))("socket.io-client");
const sockets = new Map();

function tell(name, what, value) {
  process.stdout.write(`${JSON.stringify({ name, what, value })}\n`);
}

const orders = {
  open({ name, room, url, transports }) {
    const options = { transports, reconnection: false, forceNew: true, auth: { name, room } };
    const socket = io(`${url}/chat`, options);
    socket.on("connect", () => tell(name, "opened", null));
    socket.on("connect_error", (error) => tell(name, "ended", error.message));
    socket.on("disconnect", (reason) => tell(name, "ended", reason));
    socket.on("said", (sender, number) => tell(name, "heard", [sender, number]));
    sockets.set(name, socket);
  },
  say({ name, number }) {
    sockets.get(name).emit("say", number, (said) => tell(name, "acknowledged", said));
  },
  close({ name }) {
    sockets.get(name).off("disconnect").disconnect();
  },
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = JSON.parse(line);
    orders[order.what](order);
  })
  .on("close", () => process.exit(0));
