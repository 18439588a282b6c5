import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { upsertAccount } from "../../src/store/accounts.ts";
import { saveCrmConnection } from "../../src/store/crm-connections.ts";
import { claimCrm, saveCrmStep } from "../../src/store/crm-turns.ts";
import { openDatabase } from "../../src/store/open.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { runCli } from "../cli/run-cli.ts";
import { quiet, temporaryDirectory } from "../store/engines.ts";
import { now } from "../store/sample-mail.ts";

test("crm show tells how far it is and what went wrong, without the token; disconnect forgets it", async () => {
  const home = temporaryDirectory();
  const directory = join(home, "data");
  mkdirSync(directory, { mode: 0o700 });
  const keyFile = join(home, "key");
  const keys = loadKeys({ keyFile, allowCreate: true });
  const run = (args: string[], input = "") =>
    runCli(["crm", ...args], { cwd: home, env: { BOUNCELINE_DATA_DIR: directory, BOUNCELINE_KEY_FILE: keyFile }, input });
  const database = await openDatabase({ file: join(directory, "bounceline.sqlite"), keys, log: quiet, now: () => now });
  await database.transaction(async (tx) => {
    const { id } = await upsertAccount(tx, { name: "Acme" }, now);
    await saveCrmConnection(tx, keys, id, { kind: "hubspot", token: "pat-secret", includeBackfill: true, memory: null }, now);
    const claimed = await claimCrm(tx, { accountId: id }, { busyUntil: now }, now);
    if (!claimed) throw new Error("not claimed");
    await saveCrmStep(tx, claimed.claim, { kind: "failed", error: "HubSpot answered 401", dueAt: now + 1000 }, null, now);
  });
  await database.close();
  const lines = ["hubspot  event 0 of 0, last written never", "  2026-11-25T17:00:00.000Z: HubSpot answered 401"];
  const shown = await run(["show"]);
  expect(shown.out).toBe(`${[...lines, "  failed 1 times; next try 2026-11-25T17:00:01.000Z"].join("\n")}\n`);
  const json = await run(["show", "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({
    kind: "hubspot",
    position: 0,
    lastError: "HubSpot answered 401",
    deadLetters: { count: 0 },
  });
  expect(`${shown.out}${shown.err}${json.out}${json.err}`).not.toContain("pat-secret");
  expect((await run(["disconnect"])).status).toBe(0);
  const after = await run(["show"]);
  expect([after.status, after.err]).toEqual([66, "bounceline: No CRM is connected. Connect one: bounceline crm connect hubspot\n"]);
  const strange = await run(["connect", "pipedrive"], "pat-secret\n");
  expect([strange.status, strange.err]).toEqual([64, "bounceline: There is no CRM pipedrive. There are: hubspot.\n"]);
  expect((await run(["connect", "hubspot"], "\n")).err).toBe("bounceline: Without a token nothing is connected.\n");
});
