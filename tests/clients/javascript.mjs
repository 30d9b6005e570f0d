// npm's socket.io-client: the steps of tests/clients. Arguments: the server's URL, and a transport.
import { deepStrictEqual } from "node:assert";
import { createRequire } from "node:module";

const { io } = createRequire(new URL("../blackbox/js/", import.meta.url))("socket.io-client");
const [url, transport] = process.argv.slice(2);
const transports = transport === "upgrade" ? ["polling", "websocket"] : [transport];
const socket = io(url, { transports, reconnection: false, auth: { welcome: true } });

const heard = [];
let wake = () => {};
for (const event of ["echo", "welcome", "answered", "burst"]) {
  socket.on(event, (...args) => {
    heard.push(args);
    wake();
  });
}
socket.on("question", (...args) => args.at(-1)("answer"));

async function hear() {
  if (heard.length === 0) {
    await new Promise((resolve, reject) => {
      wake = resolve;
      setTimeout(() => reject(new Error("nothing arrived")), 10000).unref();
    });
  }
  return heard.shift();
}

async function step(name, run) {
  let outcome = "ok";
  try {
    await run();
  } catch (error) {
    outcome = error.message.split("\n")[0];
  }
  console.log(`${name}\t${outcome}`);
}

await step("connect", async () => deepStrictEqual(await hear(), [{ welcome: true }]));
await step("text", async () => {
  socket.emit("echo", "ü", 7);
  deepStrictEqual(await hear(), ["ü", 7]);
});
await step("bytes", async () => {
  socket.emit("echo", Buffer.from([0, 1, 255]));
  deepStrictEqual(await hear(), [Buffer.from([0, 1, 255])]);
});
await step("acknowledged", async () => {
  deepStrictEqual(await socket.timeout(10000).emitWithAck("reply", "a"), "a");
});
await step("acknowledges", async () => {
  socket.emit("ask");
  deepStrictEqual(await hear(), ["answer"]);
});
await step("burst", async () => {
  socket.emit("burst", 40, 0);
  for (let number = 0; number < 40; number++) deepStrictEqual(await hear(), [number]);
});
socket.disconnect();
process.exit();
