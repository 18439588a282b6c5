import { closeSync, openSync } from "node:fs";
import { type Dialect, Kysely, sql, type Transaction } from "kysely";
import packageJson from "../../package.json" with { type: "json" };
import type { Log } from "../ports/connector.ts";
import type { Database, Tables, Write } from "../ports/database.ts";
import { StoreError } from "./errors.ts";
import { checkKeys } from "./key-check.ts";
import { type Migration, migrate } from "./migrate.ts";
import { migrations as ourMigrations } from "./migrations/all.ts";
import { postgresDialect } from "./postgres.ts";
import type { Keys } from "./secrets.ts";
import { sqliteDialect } from "./sqlite.ts";

export type OpenOptions = {
  /** A PostgreSQL URL. One of `url` and `file` is given. */
  url?: string;
  /** The path of a SQLite file in a directory that exists. */
  file?: string;
  /** For looking only: nothing is migrated, and `transaction` refuses. */
  readonly?: boolean;
  keys: Keys;
  log: Log;
  now: () => number;
  /** Called before each statement but rollbacks; when it throws, the statement does not run. For tests. */
  onStatement?: (sql: string) => void;
  /** Connections to PostgreSQL, 10 by default. */
  connections?: number;
  /** For tests of upgrades. */
  release?: string;
  migrations?: readonly Migration[];
};

/**
 * Opens the database, brings its schema up to date and checks that the keys are its own. Throws StoreError:
 * `database_too_new`, `key_wrong`, `key_missing`, `readonly` (an older schema opened for reading only).
 */
export const openDatabase = async (options: OpenOptions): Promise<Database> => {
  const { write, read } = connect(options);
  const close = async () => {
    await write.destroy();
    if (read !== write) await read.destroy();
  };
  const engine = options.url === undefined ? "sqlite" : "postgres";
  const settle = async () => {
    if (engine === "sqlite") await sql`pragma wal_checkpoint(truncate)`.execute(write);
  };
  const database: Database = { engine, read, close, settle, transaction: (fn) => transaction(write, options.readonly === true, fn) };
  try {
    // SQLite's write connection makes the file; the other one can open only what is there.
    await migrate(write, {
      engine,
      file: options.file ?? null,
      readonly: options.readonly === true,
      migrations: options.migrations ?? ourMigrations,
      release: options.release ?? packageJson.version,
      now: options.now(),
      log: options.log,
    });
    await checkKeys(database, options.keys, options.readonly === true);
    return database;
  } catch (error) {
    await close();
    throw error;
  }
};

const connect = (options: OpenOptions): { write: Kysely<Tables>; read: Kysely<Tables> } => {
  const { url, file, log, readonly = false, onStatement = () => {} } = options;
  const open = (dialect: Dialect) => new Kysely<Tables>({ dialect });
  if (url !== undefined) {
    const pool = open(postgresDialect({ url, readonly, max: options.connections ?? 10, log, onStatement }));
    return { write: pool, read: pool };
  }
  if (file === undefined) throw new TypeError("openDatabase needs a url or a file.");
  // For its owner alone; SQLite gives its other files the same mode.
  if (!readonly) closeSync(openSync(file, "a", 0o600));
  const write = open(sqliteDialect({ file, readonly, onStatement }));
  return { write, read: readonly ? write : open(sqliteDialect({ file, readonly: true, onStatement })) };
};

/** Serialisation failure and deadlock (PostgreSQL, appendix A). */
const tryAgain = new Set(["40001", "40P01"]);

const transaction = async <T>(write: Kysely<Tables>, readonly: boolean, fn: (tx: Write) => Promise<T>): Promise<T> => {
  if (readonly) throw new StoreError("readonly", "The database was opened for reading only.");
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write.transaction().execute((tx: Transaction<Tables>) => fn(tx));
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (code === "53100") throw diskFull(error);
      if (!tryAgain.has(String(code)) || attempt === 8) throw error;
      await pause(attempt);
    }
  }
};

const diskFull = (cause: unknown) =>
  new StoreError("disk_full", "The database server's disk is full: nothing was written. Free some space; work goes on by itself.", {
    cause,
  });

/** Up to 10, 20, 40 … ms, at random, so that two that collided do not meet again. */
const pause = (attempt: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.random() * 10 * 2 ** (attempt - 1));
  });
