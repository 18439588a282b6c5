/** The care of an installation: doctor, backup and restore. */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { temporaryDirectory } from "../store/engines.ts";
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
