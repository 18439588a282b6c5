import type { Credentials, Json } from "../ports/connector.ts";
import type { Database, Read, Write } from "../ports/database.ts";
import { resealCrmTokens } from "./crm-connections.ts";
import { StoreError } from "./errors.ts";
import { resealAnswers } from "./idempotency-keys.ts";
import { newKeyCheck } from "./key-check.ts";
import { type Keys, open, type SealedAt, seal, sealedWith } from "./secrets.ts";
import { resealWebhookSecrets } from "./webhook-secrets.ts";

/** An inbox's credentials and the version they were read at. */
export type StoredSecrets = { secrets: Json; version: number };

export const readSecrets = async (read: Read, keys: Keys, accountId: string, inboxId: string): Promise<StoredSecrets | null> => {
  const row = await read
    .selectFrom("inbox_secrets")
    .select(["sealed", "version"])
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .executeTakeFirst();
  return row ? { secrets: JSON.parse(open(keys, place(accountId, inboxId), row.sealed)), version: row.version } : null;
};

/**
 * Seals and stores credentials if `version` is still the stored one (null: none are stored yet), and ends any lease. False when
 * somebody else stored others meanwhile: read again.
 */
export const saveSecrets = async (
  tx: Write,
  keys: Keys,
  accountId: string,
  inboxId: string,
  secrets: Json,
  version: number | null,
): Promise<boolean> => {
  const sealed = seal(keys, place(accountId, inboxId), JSON.stringify(secrets));
  if (version === null) {
    const made = await tx
      .insertInto("inbox_secrets")
      .columns(["account_id", "inbox_id", "sealed", "version"])
      // From the inbox's own row: no credentials without an inbox of this account.
      .expression((eb) =>
        eb
          .selectFrom("inboxes")
          .select(["account_id", "id as inbox_id", eb.val(sealed).as("sealed"), eb.lit(1).as("version")])
          .where("account_id", "=", accountId)
          .where("id", "=", inboxId),
      )
      .onConflict((conflict) => conflict.columns(["account_id", "inbox_id"]).doNothing())
      .returning("version")
      .executeTakeFirst();
    return made !== undefined;
  }
  const changed = await tx
    .updateTable("inbox_secrets")
    .set({ sealed, version: version + 1, lease: null, lease_until: null })
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("version", "=", version)
    .returning("version")
    .executeTakeFirst();
  return changed !== undefined;
};

/** How long one refresh may take before somebody else may try; longer than any request to a provider is given. */
const leaseMs = 60_000;
const retryMs = 100;

/**
 * The credentials of one inbox, as connectors get them. `refresh` is one at a time per inbox, in all processes, by a lease in
 * the inbox's row and not by a database lock: fn waits for the network, and an open transaction would hold up every other
 * writer on SQLite. The lease only saves a second refresh; what forbids overwriting is the compare-and-set on the version. If
 * a lease ran out under a slow fn and another's answer was stored, that one is returned. Throws StoreError `lease_timeout`.
 */
export const inboxCredentials = (options: {
  database: Database;
  keys: Keys;
  accountId: string;
  inboxId: string;
  now: () => number;
}): Credentials => {
  const { database, keys, accountId, inboxId, now } = options;
  const read = async (): Promise<Json> => (await readSecrets(database.read, keys, accountId, inboxId))?.secrets ?? null;
  return {
    read,
    async refresh(fn) {
      const lease = crypto.randomUUID();
      await waitForLease(database, accountId, inboxId, lease, now);
      try {
        const current = await database.transaction((tx) => readSecrets(tx, keys, accountId, inboxId));
        const next = await fn(current?.secrets ?? null);
        const saved = await database.transaction((tx) => saveSecrets(tx, keys, accountId, inboxId, next, current?.version ?? null));
        return saved ? next : await read();
      } finally {
        await database.transaction((tx) => endLease(tx, accountId, inboxId, lease));
      }
    },
  };
};

const waitForLease = async (database: Database, accountId: string, inboxId: string, lease: string, now: () => number) => {
  const giveUpAt = now() + 2 * leaseMs;
  while (!(await database.transaction((tx) => takeLease(tx, accountId, inboxId, lease, now())))) {
    if (now() > giveUpAt) throw new StoreError("lease_timeout", "Somebody else has been refreshing this inbox's sign-in for too long.");
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
};

/** True when the lease is ours, and when there is no row yet to lease. */
const takeLease = async (tx: Write, accountId: string, inboxId: string, lease: string, now: number): Promise<boolean> => {
  const rows = await tx
    .selectFrom("inbox_secrets")
    .select("lease_until")
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .execute();
  const taken = await tx
    .updateTable("inbox_secrets")
    .set({ lease, lease_until: now + leaseMs })
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where((eb) => eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", now)]))
    .returning("inbox_id")
    .execute();
  return rows.length === 0 || taken.length > 0;
};

const endLease = (tx: Write, accountId: string, inboxId: string, lease: string) =>
  tx
    .updateTable("inbox_secrets")
    .set({ lease: null, lease_until: null })
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("lease", "=", lease)
    .execute();

/**
 * Seals everything anew under the newest key, and the check value with it, in one transaction. After that the older keys may
 * leave the key file. Returns how many values were sealed anew.
 */
export const resealSecrets = (database: Database, keys: Keys): Promise<number> =>
  database.transaction(async (tx) => {
    const newest = keys.sealing[0]?.id;
    const rows = await tx.selectFrom("inbox_secrets").selectAll().execute();
    const old = rows.filter((row) => sealedWith(row.sealed) !== newest);
    for (const row of old) {
      const at = place(row.account_id, row.inbox_id);
      await tx
        .updateTable("inbox_secrets")
        .set({ sealed: seal(keys, at, open(keys, at, row.sealed)) })
        .where("account_id", "=", row.account_id)
        .where("inbox_id", "=", row.inbox_id)
        .where("version", "=", row.version)
        .execute();
    }
    await tx
      .updateTable("meta")
      .set({ value: newKeyCheck(keys) })
      .where("key", "=", "key_check")
      .execute();
    return old.length + (await resealWebhookSecrets(tx, keys)) + (await resealCrmTokens(tx, keys)) + (await resealAnswers(tx, keys));
  });

const place = (accountId: string, inboxId: string): SealedAt => ({ table: "inbox_secrets", accountId, row: inboxId, column: "sealed" });
