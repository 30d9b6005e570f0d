// The client of Socket.IO 2 or 3 over JSONP polling: node jsonp.mjs BASE_URL TEXT
//
// The page's client is served below /client/. Prints one JSON object with what was observed; what
// does not happen in time ends the program with an error instead.

import { chromium } from "playwright-core";

const [baseUrl, text] = process.argv.slice(2);
const PATIENCE = 60_000; // milliseconds

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
});

async function main() {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.stack));
  const requests = []; // of Socket.IO: the method and what asked
  page.on("request", (request) => {
    if (request.url().includes("/socket.io/")) {
      requests.push(`${request.method()} ${request.resourceType()}`);
    }
  });
  await page.goto(baseUrl);
  await page.addScriptTag({ url: "/client/socket.io.js" });
  const seen = await page.evaluate(converse, text);
  console.log(JSON.stringify({ ...seen, complaints, requests: [...new Set(requests)].sort() }));
}

// In the page.
async function converse(text) {
  const socket = window.io({ transports: ["polling"], forceJSONP: true, reconnection: false });
  const received = [];
  const arrived = (event) =>
    new Promise((resolve, reject) => {
      socket.once(event, resolve);
      for (const failure of ["connect_error", "error", "disconnect"]) socket.once(failure, reject);
    });
  await arrived("connect");
  socket.emit("echo", text);
  received.push(await arrived("echo"));
  socket.emit("echo", new Uint8Array([0, 1, 2, 255]).buffer);
  received.push([...new Uint8Array(await arrived("echo"))]);
  const acknowledged = await new Promise((resolve) => {
    socket.emit("reply", text, (...answer) => resolve(answer));
  });
  socket.close();
  return { received, acknowledged };
}

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
