import { once } from "node:events";
import { renameSync, rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql as statement,
} from "kysely";
import { StoreError } from "./errors.ts";

export type WorkerStart = { file: string; readonly: boolean };
export type Question = { sql: string; parameters: readonly unknown[] };
export type Answer = { rows: object[]; changes?: number; error?: { message: string; code: string } };

/**
 * Kysely's way to one SQLite connection in a worker thread. Kysely's own mutex (SqliteAdapter says there is one connection)
 * lets one transaction or statement at a time through, so answers need no numbers.
 */
export const sqliteDialect = (options: WorkerStart & { onStatement: (sql: string) => void }): Dialect => ({
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => sqliteDriver(options),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
});

/**
 * Writes a whole, consistent copy of an open database to `copy`, also while others read and write. It takes its final name only
 * when it is complete and `isWanted` still says so.
 */
export const copyDatabase = async <T>(db: Kysely<T>, copy: string, isWanted: () => Promise<boolean>): Promise<void> => {
  const beside = `${copy}.${crypto.randomUUID()}`;
  try {
    await statement`vacuum into ${beside}`.execute(db);
    if (await isWanted()) renameSync(beside, copy);
  } finally {
    rmSync(beside, { force: true });
  }
};

const sqliteDriver = (options: WorkerStart & { onStatement: (sql: string) => void }): Driver => {
  let line: WorkerLine | undefined;
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      options.onStatement(sql);
      return (await connected(line).ask({ sql, parameters })) as QueryResult<R>;
    },
    // biome-ignore lint/correctness/useYield: Kysely asks for the method; nothing here streams.
    async *streamQuery() {
      throw new Error("The SQLite driver does not stream; ask for a page.");
    },
  };
  const command = (sql: string) => connection.executeQuery(CompiledQuery.raw(sql));
  return {
    async init() {
      line = await openLine(options);
    },
    acquireConnection: async () => connection,
    async beginTransaction() {
      // "immediate": wait for another process's write here, where busy_timeout works, and not at the first write inside.
      await command("begin immediate");
    },
    async commitTransaction() {
      await command("commit");
    },
    async rollbackTransaction() {
      // Not through onStatement: a test that stops there would leave the transaction open. After a full disk SQLite has
      // rolled back by itself, and says so.
      await connected(line)
        .ask({ sql: "rollback", parameters: [] })
        .catch((error: Error) => {
          if (!error.message.includes("no transaction is active")) throw error;
        });
    },
    async releaseConnection() {},
    async destroy() {
      await line?.close();
    },
  };
};

export type WorkerLine = { ask(question: Question): Promise<QueryResult<object>>; close(): Promise<void> };

const connected = (line: WorkerLine | undefined): WorkerLine => {
  if (!line) throw new Error("The SQLite driver was used before it was opened.");
  return line;
};

/** Starts the thread; `ask` waits for one answer at a time. */
export const openLine = async ({ file, readonly }: WorkerStart): Promise<WorkerLine> => {
  const start: WorkerStart = { file, readonly };
  const worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), { workerData: start });
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  let lost: StoreError | undefined;
  const lose = (cause: unknown) => {
    lost ??= new StoreError("worker_lost", "The database thread stopped; restart Bounceline. Nothing half-written was kept.", { cause });
    waiting?.reject(lost);
  };
  worker.on("error", lose);
  worker.on("exit", (code) => lose(new Error(`The database thread ended with code ${code}.`)));
  worker.on("message", (answer: Answer) => waiting?.resolve(answer));
  const ask = async (question: Question) => {
    if (lost) throw lost;
    const answer = await new Promise<Answer>((resolve, reject) => {
      waiting = { resolve, reject };
      worker.postMessage(question);
    });
    waiting = undefined;
    if (answer.error) throw failure(answer.error);
    return { rows: answer.rows, ...(answer.changes === undefined ? {} : { numAffectedRows: BigInt(answer.changes) }) };
  };
  // The first answer proves that the file opened; a failure in the thread's own start arrives as its error event.
  await ask({ sql: "select 1", parameters: [] });
  return {
    ask,
    async close() {
      if (lost) return;
      const ended = once(worker, "exit");
      worker.postMessage("close");
      await ended;
    },
  };
};

const failure = ({ message, code }: { message: string; code: string }): Error => {
  if (code === "SQLITE_FULL")
    return new StoreError("disk_full", "The disk is full: nothing was written. Free some space; work goes on by itself.");
  return Object.assign(new Error(message), { code });
};
