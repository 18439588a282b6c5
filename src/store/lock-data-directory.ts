import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { StoreError } from "./errors.ts";

/** A lock that nobody refers to would be collected as garbage, and be open again. */
const held = new Set<Sqlite.Database>();

/**
 * Keeps a second daemon off an embedded store: an exclusive transaction on a small file of its own, which the system lets go
 * when the process ends, however it ends. Returns the function that gives it back. Throws StoreError `data_directory_in_use`.
 * The database itself stays open to the command line beside a running daemon.
 */
export const lockDataDirectory = (directory: string): (() => void) => {
  const lock = new Sqlite(join(directory, "daemon.lock"), { timeout: 0 });
  try {
    lock.exec("begin exclusive");
  } catch (cause) {
    lock.close();
    throw new StoreError(
      "data_directory_in_use",
      `Another Bounceline is running on ${directory}; stop it, or use another data directory.`,
      { cause },
    );
  }
  held.add(lock);
  return () => {
    held.delete(lock);
    lock.close();
  };
};
