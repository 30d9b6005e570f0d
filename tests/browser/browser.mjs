// Debian's Chromium with an empty profile, and what its pages complain about.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const PATIENCE = 30_000; // milliseconds for one step
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-quic",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
];

const browsers = [];
export const complaints = []; // errors in the pages

// A browser of its own for each person. `options` are Playwright's.
export async function openBrowser(name, options) {
  const profile = mkdtempSync(join(tmpdir(), `sioserve-${name}-`));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    ignoreHTTPSErrors: true, // the certificates of tests
    args: FLAGS,
    reducedMotion: "reduce", // screenshots show no half-way states
    locale: "en-GB",
    timezoneId: "UTC",
    ...options,
  });
  browsers.push({ name, context, profile });
  context.setDefaultTimeout(PATIENCE);
  const page = context.pages()[0];
  watch(page, name);
  return { name, context, page };
}

export function watch(page, name) {
  page.on("pageerror", (error) => complaints.push(`${name}: ${error.stack}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${name}: ${message.text()}`);
  });
}

// Lets the test do something, such as stop the server; goes on when it is done.
export async function ask(something) {
  console.log(`ask: ${something}`);
  process.stdin.resume();
  const [answer] = await Promise.race([once(process.stdin, "data"), once(process.stdin, "end")]);
  process.stdin.pause(); // or it keeps the process alive
  if (answer === undefined) throw new Error(`the test has ended instead: ${something}`);
}

// Prints what `main()` has seen, as JSON, and closes the browsers. When it fails, the process does,
// with what stands in the pages.
export async function report(main) {
  try {
    const seen = await main();
    console.log(JSON.stringify({ ...seen, complaints }));
  } catch (error) {
    console.error(error);
    console.error(complaints.join("\n"));
    for (const { name, context } of browsers) {
      for (const page of context.pages()) {
        console.error(`--- ${name} ${page.url()}\n${await page.innerText("body").catch(() => "")}`);
      }
    }
    process.exitCode = 1;
  } finally {
    for (const { context, profile } of browsers) {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    }
  }
}
