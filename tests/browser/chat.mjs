// Two people chat in two browsers: node chat.mjs BASE_URL ALICE BOB [SCREENSHOT_FOLDER]
//
// ALICE and BOB say how each reaches the server: "websocket"; "polling" (the page's own switch); or
// "blocked" (a network that lets no websocket through). Prints one JSON object with what was
// observed; a step that does not happen in time ends the program with an error instead.

import { join } from "node:path";
import { openBrowser, report, watch } from "./browser.mjs";

const [baseUrl, aliceVia, bobVia, screenshots] = process.argv.slice(2);
const PASSWORD = "chat-demo";
const WINDOW = { width: 1120, height: 760 };
async function open(name, via) {
  const opened = await openBrowser(name, {
    viewport: WINDOW,
    colorScheme: name === "bob" ? "dark" : "light",
  });
  if (via === "blocked") await opened.context.routeWebSocket(/.*/, (socket) => socket.close());
  return { ...opened, via };
}

async function login({ page, name, via }) {
  await page.goto(`${baseUrl}/${via === "polling" ? "?transport=polling" : ""}`);
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  if (screenshots && name === "alice") await page.screenshot({ path: join(screenshots, "login.png") });
  await page.getByRole("button", { name: "Log in" }).click();
  await connected(page, via);
}

async function connected(page, via) {
  const transport = via === "websocket" ? "websocket" : "polling";
  await page.locator(`#status[data-state="connected"][data-transport="${transport}"]`).waitFor();
}

async function say(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  return message(page, text);
}

function message(page, text) {
  return page.locator(".message").filter({ hasText: text });
}

function room(page, slug) {
  return page.locator(`[data-room="${slug}"]`);
}

async function onlineList(page, expected) {
  await page.waitForFunction(
    (names) =>
      [...document.querySelectorAll('.person[data-online="true"]')]
        .map((person) => person.dataset.user)
        .sort()
        .join() === names,
    expected.join(),
  );
  return expected;
}

// A PNG painted by `draw(context)` in the page, 320 x 200.
async function paint(page, draw) {
  const url = await page.evaluate(`(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 320;
    canvas.height = 200;
    (${draw})(canvas.getContext("2d"));
    return canvas.toDataURL("image/png");
  })()`);
  return Buffer.from(url.split(",")[1], "base64");
}

// Four colours, so that its pixels can be checked.
function drawCorners(context) {
  ["#ff0000", "#00ff00", "#0000ff", "#ffff00"].forEach((colour, corner) => {
    context.fillStyle = colour;
    context.fillRect((corner % 2) * 160, Math.floor(corner / 2) * 100, 160, 100);
  });
}

// Something for the screenshot: the sun behind three hills.
function drawMorning(context) {
  const sky = context.createLinearGradient(0, 0, 0, 200);
  sky.addColorStop(0, "#2b5876");
  sky.addColorStop(0.55, "#f3a683");
  sky.addColorStop(1, "#ffe8b8");
  context.fillStyle = sky;
  context.fillRect(0, 0, 320, 200);
  context.fillStyle = "#fff3d1";
  context.beginPath();
  context.arc(215, 105, 24, 0, 7);
  context.fill();
  [["#7d7a93", 118, 20, 0.021], ["#4f5d75", 145, 16, 0.033], ["#22353f", 170, 12, 0.027]].forEach(
    ([colour, height, swing, stretch]) => {
      context.fillStyle = colour;
      context.beginPath();
      context.moveTo(0, 200);
      for (let x = 0; x <= 320; x += 2) context.lineTo(x, height + swing * Math.sin(x * stretch + height));
      context.lineTo(320, 200);
      context.fill();
    },
  );
}

async function look(picture) {
  await picture.waitFor();
  return picture.evaluate(async (image) => {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const draw = canvas.getContext("2d");
    draw.drawImage(image, 0, 0);
    const at = (x, y) => [...draw.getImageData(x, y, 1, 1).data.slice(0, 3)];
    return {
      width: canvas.width,
      height: canvas.height,
      corners: [at(10, 10), at(310, 10), at(10, 190), at(310, 190)],
      from: new URL(image.src).protocol,
    };
  });
}

async function conversation(alice, bob) {
  const seen = {};
  await login(alice);
  await onlineList(alice.page, ["alice"]);
  await login(bob);
  seen.transports = {};
  for (const { name, page } of [alice, bob]) {
    seen.transports[name] = await page.locator("#status").getAttribute("data-transport");
  }
  seen.online = {
    alice: await onlineList(alice.page, ["alice", "bob"]),
    bob: await onlineList(bob.page, ["alice", "bob"]),
  };
  seen.rooms = {
    alice: await alice.page.locator("#rooms .room b").allTextContents(),
    bob: await bob.page.locator("#rooms .room b").allTextContents(),
  };
  seen.days = await bob.page.locator(".day").count();

  // Typing shows in the other page, and goes when the message is there.
  await alice.page.getByLabel("Message", { exact: true }).pressSequentially("Hi Bob, ");
  await bob.page.getByText("alice is typing…").waitFor();
  seen.typing = true;
  const hello = "Hi Bob, does this reach you at once?";
  const sent = await say(alice.page, hello);
  const received = message(bob.page, hello);
  await received.waitFor();
  await bob.page.getByText("alice is typing…").waitFor({ state: "detached" });
  seen.received = {
    author: await received.locator(".author").textContent(),
    own: await received.evaluate((node) => node.classList.contains("own")),
  };

  // Bob looks at it, so Alice gets a read receipt.
  await sent.and(alice.page.locator('[data-state="read"]')).waitFor();
  seen.receipt = await sent.locator(".ticks").getAttribute("aria-label");

  // Bob is in another room: delivered, not read, and counted as unread until he comes back.
  await room(bob.page, "engineering").click();
  await bob.page.getByRole("heading", { name: "Engineering" }).waitFor();
  const later = "Come back to the lobby when you have a minute.";
  const unreadYet = await say(alice.page, later);
  await unreadYet.and(alice.page.locator('[data-state="delivered"]')).waitFor();
  await room(bob.page, "lobby").locator(".badge").waitFor();
  seen.unread = await room(bob.page, "lobby").locator(".badge").textContent();
  await room(bob.page, "lobby").click();
  await unreadYet.and(alice.page.locator('[data-state="read"]')).waitFor();
  await room(bob.page, "lobby").locator(".badge").waitFor({ state: "detached" });
  seen.readAfterOpening = true;

  // Markup is text.
  const markup = "<img src=x onerror=alert(1)> & <b>bold</b>";
  await say(bob.page, markup);
  await message(alice.page, markup).waitFor();
  seen.markup = await message(alice.page, markup).locator(".text").textContent();

  // An image arrives as binary: it is shown from memory, not fetched.
  await bob.page.getByLabel("Message", { exact: true }).fill("Four colours");
  await bob.page.locator("#file").setInputFiles({
    name: "colours.png",
    mimeType: "image/png",
    buffer: await paint(bob.page, drawCorners),
  });
  const picture = (page) => message(page, "Four colours").locator("img");
  seen.image = await look(picture(alice.page));
  await message(bob.page, "Four colours").and(bob.page.locator('[data-state="read"]')).waitFor();
  // Both pages follow the log, which grows when the image is loaded.
  for (const { page } of [alice, bob]) await inView(page, picture(page));
  seen.imageIsInView = true;

  // After a reload everything is there, from the database.
  await alice.page.reload();
  await connected(alice.page, alice.via);
  await message(alice.page, later).waitFor();
  seen.imageAfterReload = await look(picture(alice.page));
  seen.history = await alice.page.locator(".message .text:not([hidden])").allTextContents();
  seen.stateAfterReload = await message(alice.page, later).getAttribute("data-state");
  await onlineList(bob.page, ["alice", "bob"]);

  await takeScreenshots(alice, bob);
  seen.drawer = await useDrawer(bob.page);
  await say(alice.page, "Back to work");
  await room(alice.page, "engineering").click();
  await say(alice.page, "Here is the newest message");
  await room(bob.page, "engineering").locator(".badge").waitFor();
  await room(alice.page, "lobby").click();
  seen.roomsByActivity = await bob.page.locator("#rooms .room b").allTextContents();

  // A second tab of Bob's: he stays online until both have gone.
  const second = await bob.context.newPage();
  watch(second, "bob's second tab");
  await second.goto(bob.page.url());
  await connected(second, bob.via);
  const fromSecond = "And this is my other tab.";
  await say(second, fromSecond);
  await message(bob.page, fromSecond).and(bob.page.locator('[data-state="read"]')).waitFor();
  await leave(bob.page);
  const afterClose = "Still there?";
  await say(alice.page, afterClose);
  await message(second, afterClose).waitFor();
  await message(alice.page, afterClose).and(alice.page.locator('[data-state="read"]')).waitFor();
  seen.onlineWithOneTabLeft = await onlineList(alice.page, ["alice", "bob"]);
  await leave(second);
  seen.onlineAtTheEnd = await onlineList(alice.page, ["alice"]);
  return seen;
}

// Waits until all of an image is inside the visible part of the log.
async function inView(page, image) {
  await image.waitFor();
  const node = await image.elementHandle();
  await page.waitForFunction((shown) => {
    const part = document.getElementById("scroller").getBoundingClientRect();
    const { top, bottom, height } = shown.getBoundingClientRect();
    return shown.complete && height > 0 && top >= part.top && bottom <= part.bottom;
  }, node);
}

// The list of rooms on a narrow screen.
async function useDrawer(page) {
  await page.setViewportSize({ width: 390, height: 760 });
  for (const close of [
    () => page.getByRole("button", { name: "Hide rooms" }).click(),
    () => page.locator("#scrim").click({ position: { x: 370, y: 300 } }),
  ]) {
    await page.getByRole("button", { name: "Show rooms" }).click();
    await page.locator(".sidebar.open").waitFor();
    await close();
    await page.locator("#sidebar").waitFor({ state: "hidden" });
  }
  await page.setViewportSize(WINDOW);
  return "closed by its button and by the scrim";
}

// Closes a tab as a person does, so that the page can say goodbye.
async function leave(page) {
  const closed = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await closed;
}

async function takeScreenshots(alice, bob) {
  if (!screenshots) return;
  const shoot = ({ page }, file) => page.screenshot({ path: join(screenshots, file) });
  await room(bob.page, "engineering").click();
  await say(bob.page, "Deployed. Nobody lost a connection.");
  await room(alice.page, "engineering").locator(".badge").waitFor();
  await room(bob.page, "lobby").click();
  await say(bob.page, "Look what I found on the way to work:");
  await bob.page.locator("#file").setInputFiles({
    name: "morning.png",
    mimeType: "image/png",
    buffer: await paint(bob.page, drawMorning),
  });
  await say(alice.page, "Lovely! That came as binary, inside a Socket.IO event.");
  await say(alice.page, "And two ticks: you have read it.");
  await message(alice.page, "two ticks").and(alice.page.locator('[data-state="read"]')).waitFor();
  await bob.page.getByLabel("Message", { exact: true }).pressSequentially("Let me try");
  await alice.page.getByText("bob is typing…").waitFor();
  await look(alice.page.locator(".picture:not([hidden]) img").last());
  await shoot(alice, "chat.png");
  await shoot(bob, "chat-dark.png");
  await bob.page.getByLabel("Message", { exact: true }).fill("");
  await bob.page.setViewportSize({ width: 390, height: 760 });
  await shoot(bob, "chat-narrow.png");
  await bob.page.getByRole("button", { name: "Show rooms" }).click();
  await bob.page.locator(".sidebar.open").waitFor();
  await shoot(bob, "chat-narrow-rooms.png");
  await bob.page.keyboard.press("Escape");
  await bob.page.setViewportSize(WINDOW);
}

await report(async () => conversation(await open("alice", aliceVia), await open("bob", bobVia)));
