import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";
import { runCli, startCli } from "./run-cli.ts";

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000 });

const fixtures = join(import.meta.dirname, "../fixtures/lab-mails/mails");

/** Starts a daemon and resolves when it says where it is. */
const startDaemon = async (cwd: string, env: Record<string, string> = {}) => {
  const child = startCli(["serve"], { cwd, env: { BOUNCELINE_PORT: "0", BOUNCELINE_LOG_LEVEL: "error", ...env } });
  afterThis(() => void child.kill("SIGKILL"));
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (chunk) => {
      said += chunk;
      const found = /runs on (http:\S+)[\s\S]*Back up/.exec(said);
      if (found) resolve(found[1] ?? "");
    });
    void child.ended.then(({ err }) => reject(new Error(err)));
  });
  return { url, child };
};

/** A folder with a mailbox of one sent message and the notice about it. */
const mailbox = (cwd: string): string => {
  const at = new Date(Date.now() - 3_600_000);
  for (const [folder, mail] of Object.entries({ Sent: makeSent(1, at), INBOX: makeNotice(1, at) })) {
    mkdirSync(join(cwd, "mail", folder), { recursive: true });
    writeFileSync(join(cwd, "mail", folder, "1.eml"), mail);
  }
  return join(cwd, "mail");
};

describe("the daemon", () => {
  it("starts without any configuration, with a closed data directory and its key outside, and stops when asked", async () => {
    const cwd = temporaryDirectory();
    const { url, child } = await startDaemon(cwd);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(statSync(join(cwd, "data")).mode & 0o777).toBe(0o700);
    expect(statSync(join(cwd, "data.key")).mode & 0o777).toBe(0o600);
    child.kill("SIGTERM");
    const { status, out } = await child.ended;
    expect(status).toBe(0);
    const link = /Owner link[^\n]*: (\S+)/.exec(out)?.[1] ?? "";
    expect(link).toMatch(/\?signin=[\w-]{40,}$/);
    expect(out).toContain("Back up:");
  });

  it("refuses a second one on the same data directory, in one sentence", async () => {
    const cwd = temporaryDirectory();
    await startDaemon(cwd);
    const second = await runCli(["serve"], { cwd, env: { BOUNCELINE_PORT: "0" } });
    expect([second.status, second.err]).toEqual([
      78,
      `bounceline: Another Bounceline is running on ${join(cwd, "data")}; stop it, or use another data directory.\n`,
    ]);
  });

  it("says so when its port is taken", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    afterThis(() => void blocker.close());
    await new Promise((resolve) => blocker.once("listening", resolve));
    const { port } = blocker.address() as { port: number };
    const { status, err } = await runCli(["serve"], { cwd: temporaryDirectory(), env: { BOUNCELINE_PORT: String(port) } });
    expect([status, err]).toEqual([
      78,
      `bounceline: Port ${port} is taken. Set another: BOUNCELINE_PORT=${port + 1}, or listen.port in bounceline.json.\n`,
    ]);
  });

  it("refuses a broken configuration, a lost key and a foreign key, and says what to do", async () => {
    const cwd = temporaryDirectory();
    const broken = await runCli(["serve"], { cwd, env: { BOUNCELINE_PORT: "http", BOUNCELINE_LOG_LEVEL: "loud" } });
    expect([broken.status, broken.err.match(/set in the environment/g)?.length]).toEqual([78, 2]);
    expect(existsSync(join(cwd, "data"))).toBe(false);

    await runCli(["account", "create", "One"], { cwd });
    renameSync(join(cwd, "data.key"), join(cwd, "kept.key"));
    const lost = await runCli(["account", "list"], { cwd });
    expect(lost.status).toBe(78);
    expect(lost.err).toMatch(/key/);
    expect(existsSync(join(cwd, "data.key"))).toBe(false);

    const other = temporaryDirectory();
    await runCli(["account", "create", "Other"], { cwd: other });
    writeFileSync(join(cwd, "data.key"), readFileSync(join(other, "data.key")));
    const foreign = await runCli(["account", "list"], { cwd });
    expect(foreign.status).toBe(78);

    writeFileSync(join(cwd, "data.key"), readFileSync(join(cwd, "kept.key")));
    expect((await runCli(["account", "list"], { cwd })).out).toContain("One");
  });

  it("refuses half an app of a provider, and one of a provider it does not know", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "bounceline.json"), JSON.stringify({ apps: { gmail: { clientId: "geheim" }, hotmail: {} } }));
    const { status, err } = await runCli(["serve"], { cwd, env: { BOUNCELINE_PORT: "0" } });
    expect(status).toBe(78);
    expect(err).toMatch(/apps\.gmail\.clientSecret: /);
    expect(err).toMatch(/apps\.hotmail: there is no such provider/);
    expect(err).not.toContain("geheim");
  });

  it("makes no key for a PostgreSQL database", async () => {
    const cwd = temporaryDirectory();
    const { status, err } = await runCli(["account", "list"], { cwd, env: { DATABASE_URL: "postgres://u:geheim@127.0.0.1:1/x" } });
    expect(status).toBe(78);
    expect(err).toMatch(/key file/);
    expect(err).not.toContain("geheim");
    expect(existsSync(join(cwd, "data.key"))).toBe(false);
  });
});

describe("the way of a person at the command line", () => {
  it("account, inbox, sync, timeline, explain", async () => {
    const cwd = temporaryDirectory();
    const run = async (...args: string[]) => {
      const ran = await runCli(args, { cwd });
      expect(ran.err).toBe("");
      expect(ran.status).toBe(0);
      return ran.out;
    };
    await run("account", "create", "Sales", "--external-id", "crm-1");
    const id = JSON.parse(
      await run("--json", "inbox", "connect", "maildir", "--address", "anna@sales.example", "--path", mailbox(cwd), "--owner", "Anna"),
    ).id;
    expect(await run("inbox", "sync", id)).toContain("watching: All is well");
    expect(await run("inbox", "show", id)).toContain("watched: Sent (sent)");
    expect(await run("timeline")).toMatch(/HARD +u1@customer\.example +Unknown user/);
    expect(await run("timeline", "u1@customer.example", "--account", "crm-1")).toContain("→ Correct the address or find another contact.");
    expect(await run("explain", "<n1@mx.relay.example>")).toContain(
      "=> It was not missed: it was logged on u1@customer.example's timeline at ",
    );
    expect(await run("explain", "<m1@sales.example>")).toContain("=> It was not missed");
    expect(await run("explain", "<other@nowhere.example>")).toContain("=> No connected inbox of this account has a record of it.");
    expect(await run("explain", "--inbox", id, "--hour", "2020-01-01T10:00Z")).toContain("before the 30 days the first sync looks back.");
    expect(await run("coverage")).toMatch(/^anna@sales\.example {2}(\d+) of \1 known, 0 missing\n$/);
    expect(JSON.parse(await run("--json", "coverage", id, "--days", "3"))).toMatchObject([{ gap: 0, missing: [], note: null }]);
    expect(await run("reclassify", "--dry-run")).toMatch(
      /^1 notices judged again \(0 without text\), 0 differ; .* Nothing was written\.\n$/,
    );
    expect(JSON.parse(await run("--json", "reclassify"))).toMatchObject({ counts: { notices: 1, noticesThatDiffer: 0 }, differences: [] });
    expect(await run("inbox", "pause", id)).toContain("paused");
    const paused = await runCli(["inbox", "sync", id], { cwd });
    expect([paused.status, paused.err]).toEqual([
      65,
      "bounceline: This inbox is not polled: it is paused, disconnected or must be reconnected.\n",
    ]);
    expect(await run("inbox", "resume", id)).toContain("watching");
    expect(await run("inbox", "probe", id)).toContain("The path can be read and holds mail");
    expect(await run("inbox", "disconnect", id)).toContain("Disconnected; bounces found earlier stay on the timelines.");
    expect(await run("timeline")).toContain("u1@customer.example");
    expect(await run("keys", "create", "--scope", "read")).toMatch(/^bl_read_[\w-]{43}\n$/);
  });

  it("is told what a mistake was", async () => {
    const cwd = temporaryDirectory();
    await runCli(["account", "create", "Sales"], { cwd });
    const cases: [args: string[], status: number, words: RegExp][] = [
      [["inspect", "nowhere.eml"], 66, /There is no file or folder at nowhere\.eml\./],
      [["inbox", "connect", "gopher", "--address", "a@b.example"], 64, /There is no provider gopher\. There are: .*imap.*maildir/],
      [["inbox", "connect", "maildir", "--path", "/x"], 64, /--address is needed/],
      [
        ["inbox", "connect", "maildir", "--address", "a@b.example", "--path", "not/absolute"],
        64,
        /settings\.path: must be an absolute path/,
      ],
      [["inbox", "connect", "maildir", "--address", "a@b.example", "--path", join(cwd, "nothing")], 69, /nothing/],
      [
        ["inbox", "connect", "imap", "--address", "a@b.example", "--host", "127.0.0.1", "--username", "a"],
        65,
        /private network.*allowedHosts/,
      ],
      [
        ["inbox", "connect", "imap", "--address", "a@b.example", "--host", "127.0.0.1", "--username", "a", "--password", "geheim"],
        64,
        /Unknown option '--password'/,
      ],
      [["inbox", "show", "inb_none"], 66, /There is no inbox inb_none/],
      [["timeline", "nobody@nowhere.example"], 66, /There is no contact/],
      [["keys", "revoke", "key_none"], 66, /There is no live key/],
      [["keys", "create", "--scope", "root"], 64, /read, write or admin/],
      [["--account", "acc_none", "timeline"], 66, /There is no account acc_none/],
      [["frobnicate"], 64, /unknown command/],
    ];
    for (const [args, status, words] of cases) {
      const ran = await runCli(args, { cwd, input: "secret\n" });
      expect([args.join(" "), ran.status]).toEqual([args.join(" "), status]);
      expect(ran.err).toMatch(words);
      expect(ran.err).not.toMatch(/ at .*\.ts:\d+/);
    }
  });

  it("reads settings of a host that does not answer as unavailable, and never shows the password", async () => {
    const cwd = temporaryDirectory();
    await runCli(["account", "create", "Sales"], { cwd });
    const args = ["inbox", "connect", "imap", "--address", "a@b.example", "--host", "127.0.0.1", "--port", "1", "--username", "a"];
    const { status, err, out } = await runCli(args, {
      cwd,
      env: { BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1", BOUNCELINE_LOG_LEVEL: "debug" },
      input: "geheim-123\n",
    });
    expect([status, out]).toEqual([69, ""]);
    expect(err).not.toContain("geheim-123");
    expect(err).toMatch(/127\.0\.0\.1/);
  });
});

describe("reclassify beside a running daemon", () => {
  it("applies the account's new table of reasons to what is stored, and the daemon shows it", async () => {
    const cwd = temporaryDirectory();
    await runCli(["account", "create", "Sales"], { cwd });
    const args = ["--json", "inbox", "connect", "maildir", "--address", "anna@sales.example", "--path", mailbox(cwd)];
    await runCli(["inbox", "sync", JSON.parse((await runCli(args, { cwd })).out).id], { cwd });
    const [admin, read] = await Promise.all(
      ["admin", "read"].map(async (scope) => (await runCli(["keys", "create", "--scope", scope], { cwd })).out.trim()),
    );
    const { url } = await startDaemon(cwd);
    const ask = async (key: string | undefined, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const answer = await fetch(`${url}${path}`, { headers, ...(body && { method: "PATCH", body: JSON.stringify(body) }) });
      return (await answer.json()) as { data: { id: string; type: string; state: string; data: unknown }[] };
    };
    const account = (await ask(admin, "/v1/accounts")).data[0]?.id;
    await ask(admin, `/v1/accounts/${account}`, {
      mapping: { userunknown: { permanent: "unknown_user", temporary: "unknown_user", type: "soft" } },
    });
    const { status, out, err } = await runCli(["reclassify"], { cwd });
    expect([status, err]).toEqual([0, ""]);
    expect(out).toMatch(/ {2}u1@customer\.example: type hard → soft\n.* Bounces: 1 reclassified, 0 retracted/);
    expect((await ask(read, "/v1/engagements")).data).toMatchObject([{ state: "soft" }]);
    expect((await ask(read, "/v1/events?after=0")).data.slice(-2)).toMatchObject([
      { type: "engagement.reclassified", data: { previous: { state: "hard" }, engagement: { state: "soft", version: 2 } } },
      { type: "address.eligible" },
    ]);
  });
});

describe("inspect and explain need no database", () => {
  it("and make none", async () => {
    const cwd = temporaryDirectory();
    const inspected = await runCli(["inspect", "--format", "ndjson", join(fixtures, "postfix/unknown-user.eml")], { cwd });
    const lines = inspected.out.trim().split("\n");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      verdict: "bounce",
      kind: "failure",
      original: { messageId: "<ef34dd6403da449d.mwwavyoi@sales.example>" },
    });
    const dry = await runCli(["explain", join(fixtures, "negatives/sieve-vacation.eml")], { cwd });
    expect(dry.out).toContain("=> It is an automatic reply; the mail arrived.");
    writeFileSync(join(cwd, "picture.png"), Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]));
    const noMail = await runCli(["inspect", "picture.png"], { cwd });
    expect([noMail.status, noMail.err]).toEqual([0, ""]);
    expect(noMail.out).toMatch(/no bounce|cannot be read/);
    expect(existsSync(join(cwd, "data"))).toBe(false);
  });
});

describe("the demo", () => {
  it("prints a timeline from the bundled notices, leaves nothing behind, and touches no data directory", async () => {
    const cwd = temporaryDirectory();
    const temporary = temporaryDirectory();
    const { status, out, err } = await runCli(["demo", "--exit"], { cwd, env: { TMPDIR: temporary } });
    expect([status, err]).toEqual([0, ""]);
    expect(out).toMatch(/^Bounceline demo: a mailbox of 29 real notices/);
    expect(out).toContain("[3/4] reading 29/29 ... ok   [4/4] matching ... ok");
    expect(out).toMatch(/HARD +nobody@customer\.example +Unknown user +550 5\.1\.1/);
    expect(out).toMatch(/PENDING +grey@customer\.example .* soft on 28 Nov 2026, 15:50/);
    expect(out).toContain("NOT A BOUNCE  3: delivery receipt, read receipt, vacation reply");
    expect(out).toContain("NOT TIED      1: names a message nobody here sent");
    expect(out).toContain("19 hard · 3 soft · 3 pending · 3 no bounce · 1 not tied");
    expect(existsSync(join(cwd, "data"))).toBe(false);
    expect(readdirSync(temporary).filter((name) => name.startsWith("bounceline-demo"))).toEqual([]);
  });

  it("stays until it is interrupted, with a page and an API to look at", async () => {
    const cwd = temporaryDirectory();
    const child = startCli(["demo"], { cwd, env: { TMPDIR: cwd } });
    afterThis(() => void child.kill("SIGKILL"));
    let said = "";
    child.stdout?.on("data", (chunk) => {
      said += chunk;
    });
    await expect.poll(() => said, { timeout: 20_000 }).toContain("Ctrl-C ends");
    const link = /Look: +(\S+)/.exec(said)?.[1] ?? "";
    const opened = await fetch(link, { redirect: "manual" });
    const page = await fetch(new URL("/timeline", link), { headers: { cookie: opened.headers.get("set-cookie")?.split(";")[0] ?? "" } });
    expect(await page.text()).toContain("Hard bounce: Unknown user");
    const [, key, url] = /Bearer (\S+)" (\S+)/.exec(said) ?? [];
    const api = (await (await fetch(url ?? "", { headers: { authorization: `Bearer ${key}` } })).json()) as { data: unknown[] };
    expect(api.data).toHaveLength(25);
    child.kill("SIGINT");
    expect((await child.ended).status).toBe(0);
  });
});
