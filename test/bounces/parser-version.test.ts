import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inspectMail, parserVersion } from "../../src/bounces/inspect-mail.ts";
import { failedStatus, reportNotice } from "./notices.ts";

it("every report says which parser made it, also one that cannot be read", () => {
  expect(inspectMail(reportNotice({ status: failedStatus() })).parserVersion).toBe(parserVersion);
  expect(inspectMail(new Uint8Array()).parserVersion).toBe(parserVersion);
});

it("a table of rules does not change without a new version of the parser", () => {
  const tables = ["reason-rules.json", "languages.json"].map((name) =>
    readFileSync(join(import.meta.dirname, "../../src/bounces", name), "utf8"),
  );
  const digest = createHash("sha256").update(tables.join("\n")).digest("hex").slice(0, 12);
  // Stored verdicts are found by their version. After a change of a table: raise parserVersion, then write both here.
  expect(`${parserVersion} ${digest}`).toBe("0.2.0 2f2be0bcd17f");
});
