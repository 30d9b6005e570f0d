// Two people use the page of docs/tutorial.md in two browsers: node tutorial.mjs BASE_URL TEXT
// [SCREENSHOT_FOLDER]. Bob says TEXT. Prints one JSON object with what was observed.

import { join } from "node:path";
import { openBrowser, report } from "./browser.mjs";

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

await report(async () => {
  const seen = {};
  const alice = await enter("alice");
  const bob = await enter("bob");
  await line(alice, "bob has joined").waitFor();
  const input = bob.getByPlaceholder("Write a message");
  await input.pressSequentially("I");
  await status(alice, "bob is typing");
  await input.fill(text);
  await bob.getByRole("button", { name: "Send" }).click();
  for (const page of [alice, bob]) await line(page, `bob: ${text}`).waitFor();
  seen.messages = (await texts(alice)).filter((one) => one.includes(" bob: "));
  await bob.waitForFunction(() => document.getElementById("text").value === "");
  await bob.getByRole("button", { name: "Send" }).click();
  await line(bob, "A message has 1 to 500 characters").waitFor();
  if (screenshots) await alice.screenshot({ path: join(screenshots, "tutorial.png") });
  await bob.getByRole("button", { name: "Log out" }).click();
  await bob.getByLabel("Username").waitFor();
  await line(alice, "bob has left").waitFor();
  return seen;
});
