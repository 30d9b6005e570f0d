// The Admin UI of a server that shows numbers only, on a page of another origin:
// node admin_numbers.mjs PAGE_URL SERVER_URL [SCREENSHOT_FOLDER]

import { join } from "node:path";
import { io } from "socket.io-client";
import { AdminPage } from "./admin_page.mjs";
import { openBrowser, report } from "./browser.mjs";

const [pageUrl, serverUrl, screenshots] = process.argv.slice(2);
const clients = [];

function client() {
  const socket = io(serverUrl, { transports: ["websocket"], forceNew: true, reconnection: false });
  clients.push(socket);
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve(socket));
    socket.on("connect_error", reject);
  });
}

async function main() {
  const { page } = await openBrowser("operator", { viewport: { width: 1400, height: 1000 } });
  const admin = new AdminPage(page, pageUrl);
  await admin.open();
  await admin.login(serverUrl, "operator", "let me in");
  await admin.connected();
  const [one, other] = [await client(), await client()];
  const answered = new Promise((resolve) => one.on("message", resolve));
  one.emit("message", "x".repeat(1000));
  await answered;
  other.disconnect();
  await admin.waitForNumber("Clients", "WebSocket", 2);
  await admin.waitForNumber("Servers", "Healthy", 1);
  await admin.waitForBars("Connection and disconnection events");
  await admin.waitForBars("Bytes received and sent");
  if (screenshots) await page.screenshot({ path: join(screenshots, "admin-numbers.png") });
  const seen = { menu: await admin.menu() };
  await admin.go("Servers");
  await admin.row("the only one", "Healthy").waitFor();
  return seen;
}

await report(main);
clients.forEach((socket) => socket.disconnect());
