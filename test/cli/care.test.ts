/** The care of an installation: doctor, backup and restore. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { lockDataDirectory } from "../../src/store/lock-data-directory.ts";
import { emptyPlace, temporaryDirectory } from "../store/engines.ts";
import { runCli } from "./run-cli.ts";

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000 });

const start = async () => {
  const cwd = temporaryDirectory();
  const run = (...args: string[]) => runCli(args, { cwd });
  expect((await run("account", "create", "First")).status).toBe(0);
  return { cwd, run };
};

describe("a backup", () => {
  it("is whole, overwrites nothing, holds no key, and brings everything back; what was there is kept", async () => {
    const { cwd, run } = await start();
    const made = await run("backup", "one.sqlite");
    expect(made.out).toMatch(/one\.sqlite {2}\d+ bytes, sha256 [0-9a-f]{64}\nNot in it: the key file/);
    expect(readFileSync(join(cwd, "one.sqlite"), "latin1")).not.toContain(
      JSON.parse(readFileSync(join(cwd, "data.key"), "utf8")).keys[0].secret,
    );
    expect(await run("backup", "one.sqlite")).toMatchObject({ status: 64, err: expect.stringContaining("overwrites nothing") });
    await run("account", "create", "Second");
    expect(await run("restore", "one.sqlite")).toMatchObject({ status: 64, err: expect.stringContaining("say --yes") });
    expect((await run("account", "list")).out).toContain("Second");
    expect((await run("restore", "one.sqlite", "--yes")).out).toMatch(/is the backup now\.\nWhat was there is kept: .*before-restore/);
    expect((await run("account", "list")).out).toMatch(/First/);
    expect((await run("account", "list")).out).not.toMatch(/Second/);
    expect(readdirSync(join(cwd, "data")).some((name) => name.includes("before-restore"))).toBe(true);
  });

  it("that is damaged, no backup, or of another key changes nothing", async () => {
    const { cwd, run } = await start();
    await run("backup", "one.sqlite");
    const bytes = readFileSync(join(cwd, "one.sqlite"));
    writeFileSync(join(cwd, "damaged.sqlite"), Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(bytes.length - 8192, 7)]));
    writeFileSync(join(cwd, "text.sqlite"), "no database at all, though it is long enough to look like one\n".repeat(100));
    for (const name of ["damaged.sqlite", "text.sqlite"])
      expect(await run("restore", name, "--yes")).toMatchObject({ status: 65, err: expect.stringContaining("Nothing was changed.") });
    const other = await start();
    await other.run("backup", join(cwd, "other.sqlite"));
    expect(await run("restore", "other.sqlite", "--yes")).toMatchObject({
      status: 78,
      err: expect.stringContaining("does not fit this database"),
    });
    expect((await run("account", "list")).out).toContain("First");
    expect(readdirSync(join(cwd, "data")).filter((name) => name.includes("restor"))).toEqual([]);
  });
});

describe("doctor", () => {
  it("says what is well, what is to be looked at, and what is to be repaired", async () => {
    const { cwd, run } = await start();
    const well = await run("doctor");
    expect(well.status).toBe(0);
    expect(well.out).toMatch(/^ok {4}configuration/);
    expect(well.out).toMatch(/ok {4}database file +whole/);
    expect(well.out).toMatch(/note {2}address +publicUrl is not set/);
    expect(well.out).toMatch(/note {2}consent page +operatorName and privacyUrl not set/);
    expect(well.out).toMatch(/It works; \d to be looked at\.\n$/);
    chmodSync(join(cwd, "data.key"), 0o644);
    writeFileSync(
      join(cwd, "bounceline.json"),
      JSON.stringify({ mail: { smtpUrl: "smtp://ops:hunter2@127.0.0.1:1", from: "ops@sales.example" } }),
    );
    const ill = await run("doctor");
    expect(ill.status).toBe(78);
    expect(ill.out).toMatch(/FAIL {2}key file +.*chmod 600/);
    expect(ill.out).toMatch(/FAIL {2}mail to owners +127\.0\.0\.1:1: .*ECONNREFUSED/);
    expect(ill.out + ill.err).not.toContain("hunter2");
    const found = JSON.parse((await run("--json", "doctor")).out) as { check: string; result: string }[];
    expect(found.filter(({ result }) => result === "fail").map(({ check }) => check)).toEqual(["key file", "mail to owners"]);
  });

  it("changes nothing where nothing is there yet", async () => {
    const cwd = temporaryDirectory();
    expect((await runCli(["doctor"], { cwd })).status).toBe(0);
    expect(existsSync(join(cwd, "data"))).toBe(false);
  });

  it("says what is wrong with the configuration", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "bounceline.json"), "{");
    expect(await runCli(["doctor"], { cwd })).toMatchObject({ status: 78, out: expect.stringMatching(/^FAIL {2}configuration/) });
  });
});

describe("moving to PostgreSQL", () => {
  it("takes the URL from standard input, tells what it copied, and the daemon's commands go on there with the same key", async () => {
    const { cwd, run } = await start();
    const place = await emptyPlace("postgres");
    const url = "url" in place ? place.url : "";
    expect(await runCli(["move"], { cwd, input: "mysql://x\n" })).toMatchObject({
      status: 64,
      err: expect.stringContaining("no PostgreSQL URL"),
    });
    const moved = await runCli(["move"], { cwd, input: `${url}\n` });
    expect(moved.out).toMatch(/^\d+ rows in \d+ tables were copied and compared\.\n/);
    expect(moved.err).toMatch(/^accounts: 1$/m);
    const there = await runCli(["account", "list"], { cwd, env: { DATABASE_URL: url, BOUNCELINE_KEY_FILE: join(cwd, "data.key") } });
    expect(there.out).toContain("First");
    expect((await run("account", "list")).out).toBe(there.out);
    expect(await runCli(["move"], { cwd, input: `${url}\n` })).toMatchObject({
      status: 78,
      err: expect.stringContaining("has data already"),
    });
  });
});

describe("the key file", () => {
  it("is made for a database that makes none, where there is none yet", async () => {
    const cwd = temporaryDirectory();
    const made = await runCli(["key", "create", "--key-file", "worker.key"], { cwd });
    expect(made.out).toContain("Keep a copy of it apart");
    const text = readFileSync(join(cwd, "worker.key"), "utf8");
    expect(statSync(join(cwd, "worker.key")).mode & 0o777).toBe(0o600);
    expect(made.out + made.err).not.toContain(JSON.parse(text).keys[0].secret);
    expect(await runCli(["key", "create", "--key-file", "worker.key"], { cwd })).toMatchObject({ status: 64 });
    expect(readFileSync(join(cwd, "worker.key"), "utf8")).toBe(text);
  });

  it("gets a new key in front while no daemon runs: what was sealed before opens, also from a backup of before", async () => {
    const { cwd, run } = await start();
    mkdirSync(join(cwd, "mail"));
    for (const folder of ["cur", "new", "tmp"]) mkdirSync(join(cwd, "mail", folder));
    const connected = await run("inbox", "connect", "maildir", "--address", "a@sales.example", "--path", join(cwd, "mail"));
    expect(connected).toMatchObject({ status: 0 });
    await run("backup", "before.sqlite");
    const before = JSON.parse(readFileSync(join(cwd, "data.key"), "utf8"));
    const unlock = lockDataDirectory(join(cwd, "data"));
    expect(await run("key", "rotate")).toMatchObject({ err: expect.stringContaining("Another Bounceline is running") });
    unlock();
    expect(JSON.parse(readFileSync(join(cwd, "data.key"), "utf8"))).toEqual(before);
    expect((await run("key", "rotate")).out).toMatch(/begins with a new key; 1 stored secrets are sealed with it/);
    const after = JSON.parse(readFileSync(join(cwd, "data.key"), "utf8"));
    expect(after.keys.slice(1)).toEqual(before.keys);
    expect(after.addressSecret).toBe(before.addressSecret);
    expect((await run("doctor")).out).toContain("answers, and the key fits");
    expect(await run("restore", "before.sqlite", "--yes")).toMatchObject({ status: 0 });
    expect((await run("doctor")).out).toContain("answers, and the key fits");
  });
});
