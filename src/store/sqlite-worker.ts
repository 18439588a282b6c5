/**
 * The thread that owns one SQLite connection. better-sqlite3 blocks while it works; here it blocks nobody else. Statements
 * arrive one at a time and are answered in order.
 */
import { parentPort, workerData } from "node:worker_threads";
import Sqlite from "better-sqlite3";
import type { Answer, Question, WorkerStart } from "./sqlite.ts";

const { file, readonly } = workerData as WorkerStart;
const database = new Sqlite(file, { readonly, fileMustExist: readonly });
database.pragma("busy_timeout = 10000");
if (!readonly) {
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("journal_size_limit = 67108864");
  // What is deleted is overwritten in the file: erased means that nobody reads it out of free pages.
  database.pragma("secure_delete = ON");
}

/** Batches come in many lengths, each its own text: the oldest prepared statements are let go. */
const prepared = new Map<string, Sqlite.Statement<unknown[], object>>();

const prepare = (sql: string) => {
  const statement = prepared.get(sql) ?? database.prepare<unknown[], object>(sql);
  prepared.delete(sql);
  prepared.set(sql, statement);
  if (prepared.size > 200) prepared.delete(prepared.keys().next().value ?? "");
  return statement;
};

const run = ({ sql, parameters }: Question): Answer => {
  try {
    const statement = prepare(sql);
    if (statement.reader) return { rows: statement.all(...parameters) };
    return { rows: [], changes: statement.run(...parameters).changes };
  } catch (error) {
    return { rows: [], error: { message: (error as Error).message, code: (error as { code?: string }).code ?? "" } };
  }
};

parentPort?.on("message", (question: Question | "close") => {
  if (question === "close") {
    database.close();
    parentPort?.close();
  } else {
    parentPort?.postMessage(run(question));
  }
});
