import Sqlite from "better-sqlite3";
import type { Database } from "../ports/database.ts";
import { StoreError } from "./errors.ts";
import { copyDatabase } from "./sqlite.ts";

/**
 * Writes a consistent copy of an embedded store to `file`, while the daemon goes on. The key file is not in it and needs a backup
 * of its own, kept elsewhere. Throws StoreError `backup_elsewhere` on PostgreSQL, which has tools for that.
 */
export const backupDatabase = async (database: Database, file: string): Promise<void> => {
  if (database.engine === "postgres") {
    throw new StoreError(
      "backup_elsewhere",
      "The data is in PostgreSQL: back it up with pg_dump or your provider's snapshots, and the key file with it.",
    );
  }
  await copyDatabase(database.read, file, async () => true);
};

/** What is wrong with a SQLite file, or null (PRAGMA integrity_check). It is opened for reading only. */
export const checkFile = (file: string): string | null => {
  try {
    const database = new Sqlite(file, { readonly: true, fileMustExist: true });
    try {
      const found = database.pragma("integrity_check(1)", { simple: true });
      const isOurs = database.prepare("select 1 from sqlite_master where name = 'meta'").get() !== undefined;
      if (found !== "ok") return String(found);
      return isOurs ? null : "it is no database of Bounceline";
    } finally {
      database.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
};
