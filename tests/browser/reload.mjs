// Two people chat while the server replaces its Python processes:
// node reload.mjs BASE_URL ALICE BOB COMMAND...
//
// ALICE and BOB: "websocket" or "polling". COMMAND reloads the server, and returns when the new
// processes serve. Prints one JSON object with what was observed.

import { execFileSync } from "node:child_process";
import { openBrowser, report, watch } from "./browser.mjs";

const [baseUrl, aliceVia, bobVia, ...command] = process.argv.slice(2);

async function login(name, via) {
  const { page, context } = await openBrowser(name, {});
  await page.goto(`${baseUrl}/${via === "polling" ? "?transport=polling" : ""}`);
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill("chat-demo");
  await page.getByRole("button", { name: "Log in" }).click();
  await watchStates(page, via);
  return { page, context, via };
}

// Records each state of the connection in the page from now on.
async function watchStates(page, via) {
  await page.locator(`#status[data-state="connected"][data-transport="${via}"]`).waitFor();
  await page.evaluate(() => {
    const status = document.getElementById("status");
    window.states = [status.dataset.state];
    new MutationObserver(() => window.states.push(status.dataset.state)).observe(status, {
      attributeFilter: ["data-state"],
    });
  });
}

const onlinePeople = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.person[data-online="true"]')].map((p) => p.dataset.user).sort(),
  );

async function waitForOnline(page, names) {
  await page.waitForFunction(
    (expected) =>
      [...document.querySelectorAll('.person[data-online="true"]')]
        .map((person) => person.dataset.user)
        .sort()
        .join() === expected,
    names.join(),
  );
}

// As a person does, so that the page can say goodbye.
async function leave(page) {
  const closed = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await closed;
}

const message = (page, text) => page.locator(".message").filter({ hasText: text });

async function say(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

// Each says something, and sees that the other has read it.
async function talk(alice, bob, when) {
  for (const [from, to] of [[alice, bob], [bob, alice]]) {
    const text = `${from.via} says this ${when}`;
    await say(from.page, text);
    await message(to.page, text).waitFor();
    await message(from.page, text).and(from.page.locator('[data-state="read"]')).waitFor();
  }
}

await report(async () => {
  const alice = await login("alice", aliceVia);
  const bob = await login("bob", bobVia);
  const everybody = ["alice", "bob"];
  for (const { page } of [alice, bob]) await waitForOnline(page, everybody);
  await talk(alice, bob, "before");

  // She is typing when the processes are replaced.
  await alice.page.getByLabel("Message", { exact: true }).pressSequentially("Hm, ");
  await bob.page.getByText("alice is typing…").waitFor();
  execFileSync(command[0], command.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
  await talk(alice, bob, "after");
  await bob.page.getByText("alice is typing…").waitFor({ state: "detached" });

  // A second tab may be served by another process.
  const second = await bob.context.newPage();
  watch(second, "bob's second tab");
  await second.goto(bob.page.url());
  await watchStates(second, bob.via);
  await say(second, "from my other tab");
  await message(alice.page, "from my other tab").waitFor();
  await message(bob.page, "from my other tab").waitFor();
  await leave(second);
  await say(alice.page, "one tab is left");
  await message(bob.page, "one tab is left").waitFor();
  const onlineWithOneTab = await onlinePeople(alice.page);

  const states = await Promise.all([alice, bob].map(({ page }) => page.evaluate("window.states")));
  await leave(bob.page);
  await waitForOnline(alice.page, ["alice"]);
  return { states, onlineWithOneTab };
});
