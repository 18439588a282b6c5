/**
 * The walls between the rooms of the house are kept by the linter (config/lint.json). Each row is one import that must not
 * pass, and the good row shows that the rule does not simply refuse everything.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const bad: [wall: string, file: string, code: string][] = [
  ["the core reads no files", "src/bounces/bad.ts", 'import { readFileSync } from "node:fs";\nexport const x = readFileSync;\n'],
  ["the core knows no database", "src/bounces/bad.ts", 'import { open } from "../store/open.ts";\nexport const x = open;\n'],
  ["the core's dialects know no database either", "src/bounces/dialects/bad.ts", 'export { open } from "../../store/open.ts";\n'],
  [
    "the core has no clock of the process",
    "src/bounces/bad.ts",
    'import { performance } from "node:perf_hooks";\nexport const x = performance;\n',
  ],
  ["the core reads no environment", "src/bounces/bad.ts", "export const x = process.env;\n"],
  ["the core makes no calls", "src/bounces/bad.ts", 'import "undici";\n'],
  ["a dynamic import does not open the wall", "src/bounces/bad.ts", 'export const x = () => import("../store/open.ts");\n'],
  ["the timeline's rules read no store", "src/timeline/bad.ts", 'import { open } from "../store/open.ts";\nexport const x = open;\n'],
  ["ports know no implementation", "src/ports/bad.ts", 'import type { X } from "../store/open.ts";\nexport type Y = X;\n'],
  [
    "the store knows nothing above it",
    "src/store/bad.ts",
    'import { syncInbox } from "../sync/sync-inbox.ts";\nexport const x = syncInbox;\n',
  ],
  ["sync knows no connector", "src/sync/bad.ts", 'import { imap } from "../../connectors/imap/connector.ts";\nexport const x = imap;\n'],
  ["sync knows no database driver", "src/sync/bad.ts", 'import pg from "pg";\nexport const x = pg;\n'],
  ["the API knows no database driver", "src/api/bad.ts", 'import Database from "better-sqlite3";\nexport const x = Database;\n'],
  ["the pages know no connector", "src/web/bad.ts", 'import { imap } from "../../connectors/imap/connector.ts";\nexport const x = imap;\n'],
  [
    "the way out knows no connector",
    "src/deliver/bad.ts",
    'import { imap } from "../../connectors/imap/connector.ts";\nexport const x = imap;\n',
  ],
  ["a connector knows no store", "connectors/imap/bad.ts", 'import { open } from "../../src/store/open.ts";\nexport const x = open;\n'],
  [
    "a connector knows no other connector",
    "connectors/imap/bad.ts",
    'import { maildir } from "../maildir/connector.ts";\nexport const x = maildir;\n',
  ],
];

const good: [file: string, code: string][] = [
  [
    "src/bounces/good.ts",
    'import { createHash } from "node:crypto";\nimport { idKey } from "./keys.ts";\nexport const x = [createHash, idKey];\n',
  ],
  ["src/bounces/dialects/good.ts", 'import { idKey } from "../keys.ts";\nexport const x = idKey;\n'],
  ["src/timeline/good.ts", 'import type { Report } from "../bounces/report.ts";\nexport type X = Report;\n'],
  [
    "src/sync/good.ts",
    'import { savePage } from "../store/save-page.ts";\nimport type { Connector } from "../ports/connector.ts";\nexport type X = Connector;\nexport const x = savePage;\n',
  ],
  [
    "connectors/imap/good.ts",
    'import type { Page } from "../../src/ports/connector.ts";\nimport { dial } from "../shared/dial.ts";\nexport type X = Page;\nexport const x = dial;\n',
  ],
  ["src/cli/good.ts", 'import { imap } from "../../connectors/imap/connector.ts";\nexport const x = imap;\n'],
];

const config = join(import.meta.dirname, "../../config/lint.json");
const biome = join(import.meta.dirname, "../../node_modules/.bin/biome");
let house: string;

const lint = (file: string, code: string): string => {
  const path = join(house, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
  try {
    return execFileSync(biome, ["lint", `--config-path=${config}`, "--vcs-enabled=false", "--reporter=json", file], {
      cwd: house,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  } finally {
    rmSync(path);
  }
};

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), "bounceline-walls-"));
});
afterAll(() => rmSync(house, { recursive: true }));

describe("the walls hold", () => {
  it.each(bad)("%s", (_wall, file, code) => {
    expect(lint(file, code)).toMatch(/noRestricted(Imports|Globals)/);
  });
  it.each(good)("%s may import what it does", (file, code) => {
    expect(JSON.parse(lint(file, code)).summary.errors).toBe(0);
  });
});
