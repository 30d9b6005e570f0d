// node ws_echo.mjs URL OPTIONS: sends messages of many sizes to an echo server, with the client
// "ws" and these options for permessage-deflate; prints the negotiated extensions.
import assert from "node:assert";
import { randomBytes } from "node:crypto";
import WebSocket from "ws";

const [url, options] = process.argv.slice(2);
const socket = new WebSocket(url, { perMessageDeflate: JSON.parse(options) });

function next() {
  return new Promise((resolve, reject) => {
    socket.once("message", (data, isBinary) => resolve(isBinary ? data : data.toString()));
    socket.once("close", (code, reason) => reject(new Error(`closed: ${code} ${reason}`)));
    socket.once("error", reject);
  });
}

await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
console.log(socket.extensions);
const words = "The quick brown fox jumps over the lazy dog. ";
for (const message of ["", "x", words, words.repeat(3), words.repeat(3), words.repeat(5000),
  randomBytes(10), randomBytes(200), randomBytes(70000), randomBytes(1000000)]) {
  const answer = next();
  socket.send(message);
  assert.deepStrictEqual(await answer, message);
  socket.removeAllListeners("close").removeAllListeners("error");
}
socket.on("close", (code) => process.exit(code === 4000 ? 0 : 1));
socket.close(4000);
