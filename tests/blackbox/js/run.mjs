// Runs scenarios, each with the clients of one version. A line on stdin is {"id", "name",
// "version", "parser", "arguments"}; after the scenario, the line on stdout is {"id", "result"}, or
// {"id", "error"} with the stack.
import { createInterface } from "node:readline";
import * as binary from "./binary.mjs";
import { withClients } from "./client.mjs";
import * as connecting from "./connecting.mjs";
import * as dynamic from "./dynamic.mjs";
import * as eio3 from "./eio3.mjs";
import * as engine from "./engine.mjs";
import * as events from "./events.mjs";
import * as large from "./large.mjs";
import * as lifecycle from "./lifecycle.mjs";
import * as moving from "./moving.mjs";
import * as msgpack from "./msgpack.mjs";
import * as recovery from "./recovery.mjs";
import * as rooms from "./rooms.mjs";
import * as upgrading from "./upgrading.mjs";

const scenarios = {
  ...binary, ...connecting, ...dynamic, ...eio3, ...engine, ...events, ...large, ...lifecycle, ...moving, ...msgpack,
  ...recovery, ...rooms, ...upgrading,
};

async function run({ id, name, version, parser, arguments: given }) {
  let answer;
  try {
    answer = { id, result: (await withClients({ version, parser }, () => scenarios[name](given))) ?? null };
  } catch (error) {
    answer = { id, error: error.stack };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

createInterface({ input: process.stdin })
  .on("line", (line) => run(JSON.parse(line)))
  .on("close", () => process.exit(0));
