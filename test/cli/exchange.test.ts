/** A mailbox on a company's own Exchange, from the command line: connected, looked into, disconnected, and each refusal says what to do. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openExchange } from "../connectors/exchange/open-exchange.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";
import { runCli } from "./run-cli.ts";

it("an Exchange mailbox is connected, synced and shown, and its password is in no answer and no file", { timeout: 60_000 }, async () => {
  const stage = await openExchange();
  afterThis(() => stage.close());
  const { server, username, pinnedCertificate } = stage.inbox.settings as Record<string, string>;
  const { password } = stage.secrets;
  for (const n of [1, 2]) await stage.put("sentitems", makeSent(n, new Date()));
  await stage.put("inbox", makeNotice(1, new Date()));
  await stage.put("Bounces", makeNotice(2, new Date()));

  const cwd = temporaryDirectory();
  const env = { BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1,localhost" };
  const said: string[] = [];
  const run = async (args: string[], input?: string) => {
    const ran = await runCli(args, { cwd, env, ...(input !== undefined && { input }) });
    said.push(ran.out, ran.err);
    return ran;
  };
  const connect = (more: string[], secret: string) =>
    run(
      ["--json", "inbox", "connect", "exchange", "--address", "anna@sales.example", "--username", username ?? "", ...more],
      `${secret}\n`,
    );
  const here = ["--server", server ?? "", `--pinned-certificate=${pinnedCertificate}`, "--extra-folders", "Bounces"];

  expect((await run(["account", "create", "Sales"])).status).toBe(0);
  const cloud = await connect(["--server", "outlook.office365.com"], password);
  expect([cloud.status, cloud.err]).toEqual([65, expect.stringContaining("Connect this mailbox by signing in at Microsoft")]);
  const refused = await connect(here, "wrong");
  expect([refused.status, refused.err]).toEqual([77, expect.stringMatching(/password/i)]);

  const connected = await connect(here, password);
  expect(connected.status, connected.err).toBe(0);
  const { id, folders, state } = JSON.parse(connected.out);
  expect([state, folders.map(({ role }: { role: string }) => role)]).toEqual(["first_sync", ["sent", "inbox", "junk", "other"]]);
  const synced = await run(["inbox", "sync", id]);
  expect(synced.status, synced.err).toBe(0);
  const bounced = JSON.parse((await run(["--json", "timeline", "u2@customer.example"])).out);
  expect(JSON.stringify(bounced)).toContain("unknown_user");
  expect((await run(["inbox", "show", id])).out).toContain("watched: Bounces (other)");
  expect((await run(["inbox", "disconnect", id])).status).toBe(0);

  const files = readdirSync(cwd, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const written = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  expect([...said, ...written].filter((text) => text.includes(password))).toEqual([]);
});
