// What the sample chat looks like: node looks.mjs BASE_URL SUBJECT [SCREENSHOT_FOLDER], where SUBJECT
// is "times", "colours" or "admin". Prints one JSON object with what was observed.

import { join } from "node:path";
import { openBrowser, report } from "./browser.mjs";
import { contrasts } from "./contrast.mjs";

const [baseUrl, subject, screenshots] = process.argv.slice(2);
const WINDOW = { width: 1120, height: 760 };
const PHONE = { width: 390, height: 760 };

async function openChat(name, options = {}) {
  const { page } = await openBrowser(name, { viewport: WINDOW, ...options });
  await page.goto(`${baseUrl}/`);
  return page;
}

async function login(page, name) {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill("chat-demo");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator('#status[data-state="connected"]').waitFor();
}

async function say(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  const message = page.locator(".message").filter({ hasText: text });
  await message.and(page.locator('[data-state="sent"]')).waitFor();
  return message;
}

async function shoot(page, file) {
  if (screenshots) await page.screenshot({ path: join(screenshots, file) });
}

const room = (page, slug) => page.locator(`[data-room="${slug}"]`);

async function times() {
  const seen = {};
  for (const locale of ["en-GB", "en-US", "de-DE"]) {
    const page = await openChat("alice", { locale });
    await login(page, "alice");
    const text = `What time is it, ${locale}?`;
    const message = await say(page, text);
    await room(page, "lobby").getByText(text).waitFor();
    await page.locator("#clock:not([hidden]) time").waitFor();
    const instant = await message.locator("time").getAttribute("datetime");
    const transcript = await page.context().request.get(`${baseUrl}/rooms/lobby/transcript.txt`);
    const shown = {
      instant,
      message: await message.locator("time").textContent(),
      all: await page.locator(".message time").allTextContents(),
      preview: await room(page, "lobby").locator(".preview").textContent(),
      room: await room(page, "lobby").locator("time").textContent(),
      roomInstant: await room(page, "lobby").locator("time").getAttribute("datetime"),
      earlierRoom: await room(page, "design").locator("time").textContent(),
      clock: await page.locator("#clock time").textContent(),
      transcript: (await transcript.text()).trim().split("\n").at(-1),
    };
    shown.early = await page.evaluate(async () => {
      const main = document.querySelector('script[src$="/main.js"]').src;
      const { timeOf, timeWithSecondsOf } = await import(new URL("times.js", main));
      const date = new Date(2026, 0, 2, 1, 5, 9);
      return [timeOf(date), timeWithSecondsOf(date)];
    });
    await shoot(page, `times-${locale}.png`);
    await page.goto(`${baseUrl}/admin/chat/message/`);
    shown.admin = await page.locator("#result_list tbody .field-sent").first().textContent();
    seen[locale] = shown;
  }
  return seen;
}

async function colours() {
  const seen = {};
  for (const colorScheme of ["light", "dark"]) {
    const page = await openChat("bob", { colorScheme });
    const loginPage = await contrasts(page);
    await shoot(page, `login-${colorScheme}.png`);
    await login(page, "bob");
    await say(page, `Is this readable in ${colorScheme}?`);
    await page.locator("#clock:not([hidden]) time").waitFor();
    const chat = await contrasts(page);
    await shoot(page, `chat-${colorScheme}.png`);
    await page.setViewportSize(PHONE);
    await page.getByRole("button", { name: "Show rooms" }).click();
    await page.locator(".sidebar.open").waitFor();
    await shoot(page, `rooms-${colorScheme}.png`);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const all = [...loginPage, ...chat, ...(await contrasts(page))];
    seen[colorScheme] = {
      background: background.match(/\d+/g).map(Number),
      texts: all.length,
      unreadable: all.filter(({ ratio, wanted }) => ratio < wanted),
    };
  }
  return seen;
}

async function admin() {
  const page = await openChat("alice");
  await login(page, "alice");
  await say(page, "A message with so many words that it takes several lines in a list of messages");
  await say(page, "W".repeat(80));
  const seen = {};
  for (const [name, size] of Object.entries({ wide: WINDOW, narrow: PHONE })) {
    await page.setViewportSize(size);
    await page.goto(`${baseUrl}/admin/chat/message/`);
    await shoot(page, `admin-${name}.png`);
    seen[name] = await page.evaluate(() => {
      const width = (selector) => document.querySelector(selector).getBoundingClientRect().width;
      const lines = (cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return new Set([...range.getClientRects()].map((rect) => Math.round(rect.top))).size;
      };
      const most = (name) =>
        Math.max(...[...document.querySelectorAll(`#result_list tbody .field-${name}`)].map(lines));
      return {
        table: width("#result_list"),
        place: width("#changelist-form .results"),
        text: width("#result_list tbody .field-content"),
        textEnds: document.querySelector("#result_list .field-content").getBoundingClientRect().right,
        window: document.documentElement.clientWidth,
        lines: { sent: most("sent"), room: most("room"), author: most("author") },
      };
    });
  }
  return seen;
}

await report({ times, colours, admin }[subject]);
