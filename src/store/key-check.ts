import type { Database } from "../ports/database.ts";
import { StoreError } from "./errors.ts";
import { addressHash, type Keys, open, seal } from "./secrets.ts";

const place = { table: "meta", accountId: "", row: "key_check", column: "value" };
const restore = "Restore the key file that belongs to this database; without it the stored credentials cannot be read.";

/**
 * Proves that the keys are the database's own, by two values it keeps: one sealed, one hashed. A new database gets them.
 * Throws StoreError `key_wrong` or `key_missing`.
 */
export const checkKeys = async (database: Database, keys: Keys, readonly: boolean): Promise<void> => {
  const rows = await database.read.selectFrom("meta").selectAll().where("key", "in", ["key_check", "address_key_check"]).execute();
  const kept = new Map(rows.map((row) => [row.key, row.value]));
  const sealed = kept.get("key_check");
  if (sealed === undefined) {
    if (!readonly) await keepCheckValues(database, keys);
    return;
  }
  try {
    open(keys, place, sealed);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(error.code, `The key file does not fit this database. ${restore}`, { cause: error });
  }
  if (kept.get("address_key_check") !== addressHash(keys, "")) {
    throw new StoreError("key_wrong", `The key file's address secret does not fit this database. ${restore}`);
  }
};

/** The check value as the newest key seals it, for the end of a rotation. */
export const newKeyCheck = (keys: Keys): string => seal(keys, place, "bounceline");

const keepCheckValues = async (database: Database, keys: Keys): Promise<void> => {
  const kept = await database.transaction((tx) =>
    tx
      .insertInto("meta")
      .values([
        { key: "key_check", value: newKeyCheck(keys) },
        { key: "address_key_check", value: addressHash(keys, "") },
      ])
      .onConflict((conflict) => conflict.column("key").doNothing())
      .returning("key")
      .execute(),
  );
  // Two first starts at once, each with a key of its own: the second must not go on with a key that opens nothing.
  if (kept.length < 2) await checkKeys(database, keys, true);
};
