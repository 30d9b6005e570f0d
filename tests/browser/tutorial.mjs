// Two people use the page of docs/tutorial.md in two browsers: node tutorial.mjs BASE_URL TEXT
// [SCREENSHOT_FOLDER]. Bob says TEXT, then the server is stopped and started again. Prints one JSON
// object with what was observed.

import { join } from "node:path";
import { ask, complaints, openBrowser, report } from "./browser.mjs";

const [baseUrl, text, screenshots] = process.argv.slice(2);

async function enter(name) {
  const { page } = await openBrowser(name, { viewport: { width: 480, height: 640 } });
  await page.goto(baseUrl);
  await page.getByLabel("Username").fill(name);
  await page.getByLabel("Password").fill(`${name}-in-chat`);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: `Hello ${name}` }).waitFor();
  await status(page, "Connected");
  return page;
}

const status = (page, wanted) => page.locator("#status").getByText(wanted, { exact: true }).waitFor();
const line = (page, wanted) => page.locator("#messages li").filter({ hasText: wanted });
const texts = (page) => page.locator("#messages li").allTextContents();

// Without the time, and without notices.
async function messages(page) {
  const shown = (await texts(page)).filter((one) => one.includes(": "));
  return shown.map((one) => one.slice(one.indexOf(" ") + 1));
}

async function say(from, name, text, everybody) {
  await from.getByPlaceholder("Write a message").fill(text);
  await from.getByRole("button", { name: "Send" }).click();
  for (const page of everybody) await line(page, `${name}: ${text}`).waitFor();
}

// Stops the server while a page shows that somebody is typing, which it shows for two seconds. Both
// pages see that the server is away, and then that it is back.
async function restart(pages) {
  const before = complaints.length;
  await Promise.all(pages.map(watchStatus));
  const typingIsOver = pages[0].evaluate(() => new Promise((done) => setTimeout(done, 2000)));
  await ask("stop the server");
  for (const page of pages) await page.waitForFunction(() => window.statuses.length > 0);
  await typingIsOver;
  await ask("start the server");
  for (const page of pages) await status(page, "Connected");
  complaints.splice(before); // of requests that nobody answered
  return Promise.all(pages.map((page) => page.evaluate("window.statuses")));
}

// Records each text of the status from now on.
const watchStatus = (page) =>
  page.evaluate(() => {
    const status = document.getElementById("status");
    window.statuses = [];
    new MutationObserver(() => window.statuses.push(status.textContent)).observe(status, {
      childList: true,
    });
  });

await report(async () => {
  const seen = {};
  const alice = await enter("alice");
  const bob = await enter("bob");
  const both = [alice, bob];
  await line(alice, "bob has joined").waitFor();
  const input = bob.getByPlaceholder("Write a message");
  await input.pressSequentially("I");
  await status(alice, "bob is typing");
  await say(bob, "bob", text, both);
  seen.before = await Promise.all(both.map(messages));
  await bob.waitForFunction(() => document.getElementById("text").value === "");
  await bob.getByRole("button", { name: "Send" }).click();
  await line(bob, "A message has 1 to 500 characters").waitFor();
  await input.pressSequentially("H");
  await status(alice, "bob is typing");
  seen.statuses = await restart(both);
  await say(alice, "alice", `${text}, still`, both);
  await say(bob, "bob", `${text} again`, both);
  seen.after = await Promise.all(both.map(messages));
  if (screenshots) await alice.screenshot({ path: join(screenshots, "tutorial.png") });
  await bob.getByRole("button", { name: "Log out" }).click();
  await bob.getByLabel("Username").waitFor();
  await line(alice, "bob has left").waitFor();
  return seen;
});
