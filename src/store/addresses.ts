import type { Category } from "../bounces/report.ts";
import type { Flag, Read, Write } from "../ports/database.ts";
import { type AddressEvent, type AddressHealth, foldAddress } from "../timeline/address-health.ts";
import type { NewEvent } from "./events.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, toJson } from "./json.ts";
import { locking } from "./locking.ts";

/** Something that happened to an address. `id` makes it one: the same twice is written once. */
export type AddressAddition = { addressKey: string; id: string; event: AddressEvent };

/**
 * Appends what happened to addresses, folds those that changed, and returns the events that tell of a changed eligibility
 * (`address.ineligible`, `address.eligible`); the caller appends them, late.
 */
export const appendAddressEvents = async (
  tx: Write,
  accountId: string,
  additions: readonly AddressAddition[],
  backfill: boolean,
  now: number,
): Promise<NewEvent[]> => {
  if (additions.length === 0) return [];
  const keys = [...new Set(additions.map(({ addressKey }) => addressKey))].sort();
  const before = await lockAddresses(tx, accountId, keys, now);
  await insertEvents(tx, accountId, additions);
  const after = await foldAll(tx, accountId, keys);
  await writeAddresses(tx, accountId, after, now);
  return keys.flatMap((key) => {
    const [was, is] = [before.get(key) ?? true, after.get(key)?.eligible ?? true];
    if (was === is) return [];
    return [{ type: is ? "address.eligible" : "address.ineligible", backfill, data: addressBody(key, after.get(key) ?? healthy) }];
  });
};

const healthy = foldAddress([]);

/** An address's health as events show it. */
const addressBody = (address: string, health: AddressHealth) => ({
  address,
  object: "address" as const,
  marketing: { eligible: health.eligible, reason: health.reason },
  hardBounceReason: health.reason,
  since: health.since === null ? null : new Date(health.since).toISOString(),
  engagementId: health.engagementId,
});

/** The health of addresses by addressKey; an address nothing happened to is missing from the map. */
export const readAddresses = async (read: Read, accountId: string, addressKeys: readonly string[]): Promise<Map<string, AddressHealth>> => {
  const rows = await inBatches([...new Set(addressKeys)].sort(), (batch) =>
    read
      .selectFrom("addresses")
      .select(["address_key", "folded"])
      .where("account_id", "=", accountId)
      .where("address_key", "in", batch)
      .execute(),
  );
  return new Map(rows.map((row) => [row.address_key, fromJson<AddressHealth>(row.folded)]));
};

/** What happened to an address, oldest first. */
export const listAddressEvents = async (read: Read, accountId: string, addressKey: string): Promise<AddressEvent[]> => {
  const rows = await read
    .selectFrom("address_events")
    .select("entry")
    .where("account_id", "=", accountId)
    .where("address_key", "=", addressKey)
    .orderBy("at")
    .orderBy("id")
    .limit(1000)
    .execute();
  return rows.map((row) => fromJson<AddressEvent>(row.entry));
};

/** Addresses that marketing must leave out, by addressKey in order. */
export const listIneligible = async (
  read: Read,
  accountId: string,
  options: { after: string; limit: number },
): Promise<{ addressKey: string; reason: Category | null }[]> => {
  const rows = await read
    .selectFrom("addresses")
    .select(["address_key", "folded"])
    .where("account_id", "=", accountId)
    .where("eligible", "=", 0)
    .where("address_key", ">", options.after)
    .orderBy("address_key")
    .limit(options.limit)
    .execute();
  return rows.map((row) => ({ addressKey: row.address_key, reason: fromJson<AddressHealth>(row.folded).reason }));
};

/** Forgets what engagements did to their addresses, before they are erased; addresses nothing else happened to are gone. */
export const forgetAddressEffects = async (tx: Write, accountId: string, inboxId: string, now: number): Promise<void> => {
  const engagements = await tx
    .selectFrom("engagements")
    .select(["id", "recipient_key"])
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .execute();
  const erased = new Set(engagements.map((row) => row.id));
  const keys = [...new Set(engagements.map((row) => row.recipient_key))].sort();
  const rows = await inBatches(keys, (batch) =>
    tx
      .selectFrom("address_events")
      .select(["address_key", "id", "entry"])
      .where("account_id", "=", accountId)
      .where("address_key", "in", batch)
      .execute(),
  );
  const gone = rows.filter((row) => erased.has(fromJson<{ engagementId?: string }>(row.entry).engagementId ?? ""));
  for (const { address_key, id } of gone) {
    await tx
      .deleteFrom("address_events")
      .where("account_id", "=", accountId)
      .where("address_key", "=", address_key)
      .where("id", "=", id)
      .execute();
  }
  const left = new Set(rows.filter((row) => !gone.includes(row)).map((row) => row.address_key));
  const bare = keys.filter((key) => !left.has(key));
  await inBatches(bare, (batch) =>
    tx.deleteFrom("addresses").where("account_id", "=", accountId).where("address_key", "in", batch).execute(),
  );
  await writeAddresses(tx, accountId, await foldAll(tx, accountId, [...left]), now);
};

/** Makes the rows if they are not there, and locks them in one order; returns whether each is eligible. */
const lockAddresses = async (tx: Write, accountId: string, keys: readonly string[], now: number): Promise<Map<string, boolean>> => {
  const bare = keys.map((key) => ({
    account_id: accountId,
    address_key: key,
    eligible: 1 as Flag,
    folded: toJson(healthy),
    updated_at: now,
  }));
  await inBatches(bare, (batch) =>
    tx
      .insertInto("addresses")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "address_key"]).doNothing())
      .execute(),
  );
  const rows = await inBatches(keys, (batch) =>
    locking(
      tx,
      tx
        .selectFrom("addresses")
        .select(["address_key", "eligible"])
        .where("account_id", "=", accountId)
        .where("address_key", "in", batch)
        .orderBy("address_key"),
    ).execute(),
  );
  return new Map(rows.map((row) => [row.address_key, row.eligible === 1]));
};

const insertEvents = (tx: Write, accountId: string, additions: readonly AddressAddition[]) =>
  inBatches(additions, (batch) =>
    tx
      .insertInto("address_events")
      .values(
        batch.map(({ addressKey, id, event }) => ({
          account_id: accountId,
          address_key: addressKey,
          id,
          at: event.at,
          entry: toJson(event),
        })),
      )
      .onConflict((conflict) => conflict.columns(["account_id", "address_key", "id"]).doNothing())
      .execute(),
  );

const foldAll = async (tx: Write, accountId: string, keys: readonly string[]): Promise<Map<string, AddressHealth>> => {
  const rows = await inBatches(keys, (batch) =>
    tx
      .selectFrom("address_events")
      .select(["address_key", "entry"])
      .where("account_id", "=", accountId)
      .where("address_key", "in", batch)
      .execute(),
  );
  const byKey = Map.groupBy(rows, (row) => row.address_key);
  return new Map(keys.map((key) => [key, foldAddress((byKey.get(key) ?? []).map((row) => fromJson<AddressEvent>(row.entry)))]));
};

const writeAddresses = (tx: Write, accountId: string, healths: ReadonlyMap<string, AddressHealth>, now: number) =>
  inBatches([...healths], (batch) =>
    tx
      .insertInto("addresses")
      .values(
        batch.map(([key, health]) => ({
          account_id: accountId,
          address_key: key,
          eligible: (health.eligible ? 1 : 0) as Flag,
          folded: toJson(health),
          updated_at: now,
        })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(["account_id", "address_key"])
          .doUpdateSet((eb) => ({ eligible: eb.ref("excluded.eligible"), folded: eb.ref("excluded.folded"), updated_at: now })),
      )
      .execute(),
  );
