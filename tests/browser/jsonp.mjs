// The client of Socket.IO 2 or 3 over JSONP polling: node jsonp.mjs BASE_URL TRANSPORTS TEXT
//
// The page's client is served below /client/. TRANSPORTS are separated by commas; with two of them
// the text is sent when the second one has taken over. Prints one JSON object with what was
// observed; a step that does not happen in time ends the program with an error instead.

import { openBrowser, report } from "./browser.mjs";

const [baseUrl, transports, text] = process.argv.slice(2);

async function main() {
  const { page } = await openBrowser("jsonp");
  const requests = new Set(); // of Socket.IO: the method and what asked
  page.on("request", (request) => {
    if (!request.url().includes("/socket.io/")) return;
    requests.add(`${request.method()} ${request.resourceType()}`);
  });
  await page.goto(baseUrl);
  await page.addScriptTag({ url: "/client/socket.io.js" });
  const seen = await page.evaluate(converse, { transports: transports.split(","), text });
  return { ...seen, requests: [...requests].sort() };
}

// In the page.
async function converse({ transports, text }) {
  const socket = window.io({ transports, forceJSONP: true, reconnection: false });
  const upgraded = new Promise((resolve) => {
    if (transports.length === 1) resolve();
    else socket.io.once("open", () => socket.io.engine.once("upgrade", resolve));
  });
  const received = [];
  const arrived = (event) =>
    new Promise((resolve, reject) => {
      socket.once(event, resolve);
      for (const failure of ["connect_error", "error", "disconnect"]) socket.once(failure, reject);
    });
  await arrived("connect");
  await upgraded;
  socket.emit("echo", text);
  received.push(await arrived("echo"));
  socket.emit("echo", new Uint8Array([0, 1, 2, 255]).buffer);
  received.push([...new Uint8Array(await arrived("echo"))]);
  const acknowledged = await new Promise((resolve) => {
    socket.emit("reply", text, (...answer) => resolve(answer));
  });
  const transport = socket.io.engine.transport.name;
  socket.close();
  return { received, acknowledged, transport };
}

await report(main);
