// Django's staff looks at a chat in the Admin UI: node admin.mjs PAGE_URL CHAT_URL [SCREENSHOT_FOLDER]
//
// Prints one JSON object with what was observed.

import { join } from "node:path";
import { io } from "socket.io-client";
import { AdminPage } from "./admin_page.mjs";
import { openBrowser, report } from "./browser.mjs";
import { sessionCookie } from "./login.mjs";

const [pageUrl, chatUrl, screenshots] = process.argv.slice(2);
const PASSWORD = "chat-demo";
const chatters = [];

async function chatter(name, transport) {
  const socket = io(`${chatUrl}/chat`, {
    transports: [transport],
    extraHeaders: { cookie: await sessionCookie(chatUrl, name, PASSWORD), origin: chatUrl },
    forceNew: true,
    reconnection: false,
  });
  chatters.push(socket);
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  return socket;
}

const gone = (socket) => new Promise((resolve) => socket.on("disconnect", resolve));

async function main() {
  const { page } = await openBrowser("staff", { viewport: { width: 1400, height: 1000 } });
  const shoot = async (name) => {
    if (screenshots) await page.screenshot({ path: join(screenshots, `admin-${name}.png`) });
  };
  const admin = new AdminPage(page, pageUrl);
  const bob = await chatter("bob", "websocket");
  const bobsId = bob.id; // it has none when it has gone
  const seen = {};

  await admin.open();
  await admin.login(chatUrl, "bob", PASSWORD);
  await page.getByText("Invalid credentials").waitFor();
  await admin.login(chatUrl, "alice", PASSWORD);
  await admin.connected();
  seen.menu = await admin.menu();

  // The dashboard counts two clients, of which one polls, and draws what passes.
  const alice = await chatter("alice", "polling");
  const stranger = await chatter("bob", "websocket");
  stranger.disconnect();
  // As much as the page itself is told, so that neither bar is too low to be seen.
  bob.emit("nothing that the chat knows", Buffer.alloc(10_000));
  await admin.waitForNumber("Clients", "WebSocket", 2);
  await admin.waitForNumber("Clients", "HTTP long-polling", 1);
  await admin.waitForNumber("Namespaces", "/chat", 2);
  await admin.waitForBars("Connection and disconnection events");
  await admin.waitForBars("Bytes received and sent");
  await shoot("dashboard");

  // Its clients, with their rooms; an administrator moves one.
  await admin.go("Sockets");
  await admin.chooseNamespace("/chat");
  await admin.row(bobsId, "WebSocket", "127.0.0.1").waitFor();
  await admin.row(alice.id, "HTTP long-polling").waitFor();
  await shoot("sockets");
  await admin.row(bobsId).getByText(bobsId).click();
  await admin.card("Details").waitFor();
  seen.rooms = await admin.card("Rooms").locator("tbody tr td:first-child").allInnerTexts();
  seen.secrets = (await page.innerText("body")).includes("sessionid");
  await admin.card("Rooms").getByLabel("Join a room").fill("panel");
  await admin.card("Rooms").locator("form button").click();
  await admin.row("panel").waitFor();
  await shoot("socket");
  await admin.go("Rooms");
  await admin.row("panel", "Public").waitFor();

  // What is sent and received, as it happens.
  await bob.timeout(20_000).emitWithAck("history", { room: "lobby" });
  await admin.go("Events");
  await admin.row("history", bobsId, "Event received").waitFor();
  await admin.row("panel", bobsId, "Room joined").waitFor();
  await shoot("events");

  // An administrator throws one out, and another one with all its namespaces.
  const bobsReason = gone(bob);
  await admin.go("Sockets");
  await admin.row(bobsId).getByRole("button").click();
  seen.bob = await bobsReason;
  // The click opens the row, too.
  await admin.row("Status", "disconnected").first().waitFor();
  await admin.go("Sockets");
  await admin.row(bobsId).waitFor({ state: "detached" });
  const alicesReason = gone(alice);
  await admin.go("Clients");
  await admin.row("HTTP long-polling").getByRole("button").click();
  seen.alice = await alicesReason;
  await admin.row("Status", "disconnected").first().waitFor();
  await admin.go("Clients");
  await admin.row("HTTP long-polling").waitFor({ state: "detached" });

  // Nobody of the chat is left, not even in the rooms of their own.
  await admin.go("Rooms");
  await page.getByLabel("Show private rooms").check({ force: true });
  await admin.row("panel").waitFor({ state: "detached" });
  await admin.row(bobsId).waitFor({ state: "detached" });

  // The page comes back without asking for a password.
  await admin.go("Dashboard");
  await page.reload();
  await admin.connected();
  await admin.waitForNumber("Clients", "WebSocket", 1);
  return seen;
}

await report(main);
chatters.forEach((socket) => socket.disconnect());
