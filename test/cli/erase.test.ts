import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { temporaryDirectory } from "../store/engines.ts";
import { runCli } from "./run-cli.ts";

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000 });

it("a person, an inbox and an account are erased after a yes, and the audit log says who asked", async () => {
  const cwd = temporaryDirectory();
  const run = (...args: string[]) => runCli(args, { cwd });
  for (const n of [1, 2]) {
    const at = new Date(Date.now() - 3_600_000);
    for (const [folder, mail] of Object.entries({ Sent: makeSent(n, at), INBOX: makeNotice(n, at) })) {
      mkdirSync(join(cwd, "mail", folder), { recursive: true });
      writeFileSync(join(cwd, "mail", folder, `${n}.eml`), mail);
    }
  }
  const account = (await run("account", "create", "Acme")).out.split("  ")[0] ?? "";
  const connected = await run("inbox", "connect", "maildir", "--address", "anna@sales.example", "--path", join(cwd, "mail"));
  const inbox = connected.out.split("  ")[0] ?? "";
  expect((await run("inbox", "sync", inbox)).status).toBe(0);
  const without = await run("contact", "erase", "u1@customer.example");
  expect([without.status, without.err]).toEqual([64, expect.stringContaining("It cannot be undone: say --yes.")]);
  const erased = await run("contact", "erase", "u1@customer.example", "--yes");
  expect(erased.out).toMatch(
    /^ers_\S+ {2}contact con_\S+ erased\n {2}removed: .*1 engagements.*\n.*\n {2}searched for afterwards: nothing found/,
  );
  const timeline = (await run("timeline")).out;
  expect(timeline).toContain("u2@customer.example");
  expect(timeline).not.toContain("u1@customer.example");
  expect((await run("inbox", "erase", inbox, "--yes")).out).toMatch(/inbox inb_\S+ erased\n[\s\S]*nothing found/);
  expect((await run("audit")).out.split("\n").map((line) => line.split("  ").slice(1, 3))).toEqual([
    ["command line", "inbox erase"],
    ["command line", "contact erase"],
    [],
  ]);
  expect((await run("account", "erase", account, "--yes")).out).toMatch(/account acc_\S+ erased\n[\s\S]*nothing found/);
  expect((await run("account", "erase", account, "--yes")).status).toBe(66);
});
