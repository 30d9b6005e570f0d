// Clients of npm's socket.io-client for scripts/soak. Arguments: URL, number of clients. Ends when its
// standard input ends; prints what went wrong, and the number of right answers at the end.
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";

const { io } = createRequire(new URL("../blackbox/js/", import.meta.url))("socket.io-client");
const [url, count] = [process.argv[2], Number(process.argv[3])];
const WAYS = [["polling"], ["websocket"], ["polling", "websocket"]];
let ended = false;
let answers = 0;

function payload() {
  const kind = Math.floor(Math.random() * 4);
  if (kind === 0) return Buffer.alloc(Math.floor(Math.random() * 1000), 7);
  if (kind === 1) return "ü".repeat(Math.floor(Math.random() * 100000));
  if (kind === 2) return { deep: [1, null, { text: "x" }], bytes: Buffer.from([1, 2]) };
  return Math.floor(Math.random() * 1e9);
}

async function live(number) {
  const options = { transports: WAYS[number % 3], reconnectionDelay: 100, reconnectionDelayMax: 1000 };
  const socket = io(url, { ...options, forceNew: true });
  const last = new Map();
  socket.on("said", (speaker, spoken) => {
    if (spoken <= (last.get(speaker) ?? -1)) console.log(`out of order: ${speaker} ${spoken}`);
    last.set(speaker, spoken);
  });
  socket.on("connect_error", (error) => {
    if (error.data !== undefined) console.log(`refused: ${error.message}`);
  });
  for (let turn = 0; !ended; turn++) {
    const sent = payload();
    try {
      const got = await socket.timeout(20000).emitWithAck("reply", sent);
      if (isDeepStrictEqual(got, sent)) answers++;
      else console.log("a wrong answer");
    } catch {
      // Cut off: there need not be an answer.
    }
    if (turn % 5 === 0) socket.volatile.emit("say", `js-${number}`, turn);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 500));
  }
  socket.disconnect();
}

process.stdin.on("end", () => (ended = true)).resume();
await Promise.all(Array.from({ length: count }, (_, number) => live(number)));
console.log(`answers ${answers}`);
process.exit();
