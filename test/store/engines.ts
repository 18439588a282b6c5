import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, describe, expect, inject } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { type OpenOptions, openDatabase } from "../../src/store/open.ts";
import { type Keys, loadKeys } from "../../src/store/secrets.ts";
import { now } from "./sample-mail.ts";

const engines = ["sqlite", "postgres"] as const;
export type Engine = (typeof engines)[number];

export const quiet = { debug() {}, info() {}, warn() {}, error() {} };

type Cleanup = () => Promise<void> | void;
const [afterTest, afterFile]: [Cleanup[], Cleanup[]] = [[], []];
const cleanUp = async (cleanups: Cleanup[]): Promise<void> => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
};
afterEach(() => cleanUp(afterTest));
afterAll(() => cleanUp(afterFile));

/** Runs after the test, or after the file where it was asked for in a beforeAll; the last one first. */
export const afterThis = (cleanup: Cleanup): void =>
  void (expect.getState().currentTestName === undefined ? afterFile : afterTest).push(cleanup);

export const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "bounceline-store-"));
  afterThis(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

export const newKeys = (): Keys => loadKeys({ keyFile: join(temporaryDirectory(), "key"), allowCreate: true });

/** Where an empty database of this engine is, for this test alone. */
export const emptyPlace = async (engine: Engine): Promise<{ file: string } | { url: string }> => {
  if (engine === "sqlite") return { file: join(temporaryDirectory(), "bounceline.sqlite") };
  const server = inject("postgresUrl");
  const schema = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  await onServer(server, `create schema ${schema}`);
  // The job queue makes its own beside it, where one is opened.
  afterThis(() => onServer(server, `drop schema if exists ${schema}_jobs cascade; drop schema ${schema} cascade`));
  const url = new URL(server);
  url.searchParams.set("options", `-c search_path=${schema}`);
  return { url: url.href };
};

const onServer = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
};

/** Opens a new database, closed after the test. */
export const openNew = async (engine: Engine, options: Partial<OpenOptions> = {}): Promise<Database> => {
  const place = await emptyPlace(engine);
  const database = await openDatabase({ ...place, keys: options.keys ?? newKeys(), log: quiet, now: () => now, ...options });
  afterThis(() => database.close());
  return database;
};

/** The same tests on both engines. */
export const onBothEngines = (name: string, tests: (engine: Engine) => void): void => {
  describe.each(engines)(`${name} on %s`, (engine) => tests(engine));
};
