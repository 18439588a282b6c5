import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type InspectFormat, inspectPaths } from "../../src/cli/inspect.ts";
import { readSources } from "../../src/cli/read-sources.ts";
import { failedStatus, reportText } from "./notices.ts";

const folder = mkdtempSync(join(tmpdir(), "bounceline-inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));

const notice = reportText({ status: failedStatus() });
const letter = "From: jan@customer.example\nSubject: Lunch\n\nFrom here it is not far.\n\nFrom Monday on I am away.\n";

const run = async (paths: string[], format: InspectFormat = "ndjson"): Promise<string[]> => {
  const lines: string[] = [];
  await inspectPaths(paths, { format }, (line) => void lines.push(line));
  return lines;
};

describe("inspect", () => {
  it("prints a line per file of a folder and all below it, in the fields of the contract", async () => {
    mkdirSync(join(folder, "box/cur"), { recursive: true });
    writeFileSync(join(folder, "box/b.eml"), letter);
    writeFileSync(join(folder, "box/cur/1764082249.1:2,S"), notice);
    const lines = (await run([join(folder, "box")])).map((line) => JSON.parse(line));
    expect(lines.map(({ file, verdict }) => `${file.slice(folder.length)} ${verdict}`)).toEqual([
      "/box/b.eml not_bounce",
      "/box/cur/1764082249.1:2,S bounce",
    ]);
    for (const field of ["kind", "format", "recipients", "original", "inReplyTo", "evidence", "language", "parserVersion", "elapsedMs"])
      expect(lines[1]).toHaveProperty(field);
    expect(lines[1].recipients[0]).toMatchObject({
      address: "jan@customer.example",
      originalAddress: null,
      action: "failed",
      status: "5.1.1",
      type: "hard",
      category: "unknown_user",
      reason: "userunknown",
      rule: "user-unknown",
      diagnostic: "550 5.1.1 User unknown",
      remoteMta: null,
    });
    expect(lines[1].original).toMatchObject({
      messageId: "<offer-1@sales.example>",
      subject: "Offer",
      from: "anna@sales.example",
      to: ["jan@customer.example"],
      references: [],
      foundIn: "message/rfc822",
    });
  });

  it("reads an mbox message by message, and takes no sentence for a separator", async () => {
    const envelope = "From anna@sales.example Wed Nov 25 15:50:49 2026\n";
    writeFileSync(join(folder, "many.mbox"), `${envelope}${letter}\n${envelope}${notice}\n`);
    const lines = (await run([join(folder, "many.mbox")])).map((line) => JSON.parse(line));
    expect(lines.map(({ file, verdict }) => `${file.slice(folder.length)} ${verdict}`)).toEqual([
      "/many.mbox not_bounce",
      "/many.mbox#2 bounce",
    ]);
  });

  it("reads every message of an mbox whole, wherever its pieces are cut when read from disk", async () => {
    const envelope = "From anna@sales.example Wed Nov 25 15:50:49 2026\n";
    const messages = Array.from({ length: 600 }, (_, n) => `Subject: ${n}\n\n${"x".repeat((n * 7919) % 3000)}\n`);
    const path = join(folder, "long.mbox");
    writeFileSync(path, messages.map((message) => `${envelope}${message}\n`).join(""));
    const read: string[] = [];
    for await (const { bytes } of readSources(path)) read.push(Buffer.from(bytes).toString());
    expect(read).toEqual(messages.map((message) => `${message}\n`));
  });

  it("reads a file whole that begins with an envelope line of another shape", async () => {
    const path = join(folder, "odd.eml");
    writeFileSync(path, `From anna@sales.example on Wednesday\n${notice}`);
    const [line] = await run([path]);
    expect(JSON.parse(line ?? "")).toMatchObject({ verdict: "bounce", original: { messageId: "<offer-1@sales.example>" } });
  });

  it("prints one JSON array, or a page for people", async () => {
    writeFileSync(join(folder, "one.eml"), notice);
    expect(JSON.parse((await run([join(folder, "one.eml"), join(folder, "one.eml")], "json")).join("\n"))).toHaveLength(2);
    expect((await run([join(folder, "one.eml")], "text")).join("\n").split("\n")).toEqual([
      join(folder, "one.eml"),
      "  What   a bounce: a message was not delivered (failure), read as rfc3464, in en",
      "  Whom   jan@customer.example",
      "           HARD unknown_user (userunknown), status 5.1.1, reply 550",
      '           "550 5.1.1 User unknown"',
      '  About  "Offer"',
      "         <offer-1@sales.example>",
      "         from anna@sales.example to jan@customer.example",
      "         of 2026-11-25 15:50 UTC",
      expect.stringContaining("  Why    1. Its Content-Type announces a delivery report."),
      expect.stringContaining("         2. Its return path is empty"),
      expect.stringContaining("         3. Its From names a mail system"),
      expect.stringContaining("         4. It is a report"),
      expect.stringContaining("         5. jan@customer.example"),
      expect.stringContaining("         6. The original's Message-ID"),
      "",
    ]);
  });

  it("prints a page of a letter that says what it is and why", async () => {
    writeFileSync(join(folder, "letter.eml"), letter);
    const page = (await run([join(folder, "letter.eml")], "text")).join("\n");
    expect(page).toContain("What   no bounce: an ordinary message (ordinary)");
    expect(page).toContain("Why    1. It shows no sign of a notice.");
  });

  it("says which path is not there", async () => {
    await expect(run([join(folder, "absent")])).rejects.toThrow(join(folder, "absent"));
  });
});
