import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { saveSecrets } from "../../src/store/inbox-secrets.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { letter, openGmail } from "../connectors/gmail/open-gmail.ts";
import { trustedCertificate } from "../fakes/trusted-certificate.ts";
import { temporaryDirectory } from "../store/engines.ts";
import { runCli } from "./run-cli.ts";

test("inbox probe --record writes a transcript that only its owner can read, and never over a file", async () => {
  const stage = await openGmail();
  stage.mailbox.put(letter("secret"));
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "bounceline.json"), JSON.stringify({ apps: { gmail: stage.app } }));
  writeFileSync(join(cwd, "ca.pem"), trustedCertificate().ca);
  const house = await openHouse(loadConfig({}, cwd), { log: pino({ level: "silent" }) });
  const account = await house.database.transaction((tx) => upsertAccount(tx, { name: "Sales" }, Date.now()));
  const wish = { provider: "gmail", address: stage.mailbox.address, since: 0, nextPollAt: null };
  const inbox = await house.database.transaction((tx) => createInbox(tx, account.id, wish, Date.now()));
  await house.database.transaction((tx) => saveSecrets(tx, house.keys, account.id, inbox.id, stage.secrets, null));
  await house.close();

  const probe = () =>
    runCli(["inbox", "probe", inbox.id, "--record", "probe.ndjson"], { cwd, env: { NODE_EXTRA_CA_CERTS: join(cwd, "ca.pem") } });
  const first = await probe();
  expect([first.status, first.err]).toEqual([0, ""]);
  expect(first.out).toContain("The mailbox can be read");
  const text = readFileSync(join(cwd, "probe.ndjson"), "utf8");
  const lines = text.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).path)).toContain("/gmail/v1/users/me/profile");
  expect(text).not.toMatch(/anna|sales\.example|secret|Offer|ya29/);
  expect(statSync(join(cwd, "probe.ndjson")).mode & 0o777).toBe(0o600);
  const second = await probe();
  expect(second.status).not.toBe(0);
  expect(second.err).toContain("probe.ndjson cannot be made");
  expect(readFileSync(join(cwd, "probe.ndjson"), "utf8")).toBe(text);
  await stage.google.stop();
});
