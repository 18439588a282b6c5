import type { Database, Read, Write } from "../ports/database.ts";
import type { Folded } from "../timeline/fold.ts";
import { type GlobalReport, globalReportMs, isGlobal, isReportable } from "../timeline/global-rule.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";
import { addressHash, type Keys } from "./secrets.ts";

/** Accounts that share and benefit. */
export const sharingAccounts = async (read: Read): Promise<string[]> => {
  const rows = await read
    .selectFrom("accounts")
    .select("id")
    .where("global_rule", "=", 1)
    .where("erased_at", "is", null)
    .orderBy("id")
    .execute();
  return rows.map((row) => row.id);
};

/**
 * Brings one account's reports up to date: those of its addresses that are ineligible by a bounce that may be reported, and no
 * others. One transaction per account; what it wrote before and is no longer true is taken back. Returns how many stand.
 */
export const reportGlobally = (database: Database, keys: Keys, accountId: string): Promise<number> =>
  database.transaction(async (tx) => {
    const rows = await ineligible(tx, accountId);
    const reports = rows.flatMap(({ address_key, folded, inbox_address, sent_ref, at }) => {
      const facts = fromJson<Folded>(folded);
      const bounce = { category: facts.category, rule: facts.facts?.match.rule ?? null, trusted: facts.trusted, synced: sent_ref !== null };
      const organisation = (inbox_address ?? "").split("@").at(-1)?.toLowerCase() ?? "";
      if (!isReportable(bounce) || organisation === "") return [];
      return [{ address_hash: addressHash(keys, address_key), account_id: accountId, organisation, at }];
    });
    await tx.deleteFrom("global_reports").where("account_id", "=", accountId).execute();
    await inBatches(reports, (batch) => tx.insertInto("global_reports").values(batch).execute());
    return reports.length;
  });

const ineligible = (tx: Write, accountId: string) =>
  tx
    .selectFrom("engagements as e")
    .innerJoin("addresses as a", (join) => join.onRef("a.account_id", "=", "e.account_id").onRef("a.address_key", "=", "e.recipient_key"))
    .innerJoin("sent_messages as s", (join) => join.onRef("s.account_id", "=", "e.account_id").onRef("s.id", "=", "e.sent_message_id"))
    .leftJoin("inboxes as i", (join) => join.onRef("i.account_id", "=", "e.account_id").onRef("i.id", "=", "e.inbox_id"))
    .select(["a.address_key", "e.folded", "i.address as inbox_address", "s.ref as sent_ref", (eb) => eb.fn.max("e.occurred_at").as("at")])
    .where("e.account_id", "=", accountId)
    .where("e.state", "=", "hard")
    .where("a.eligible", "=", 0)
    .groupBy(["a.address_key", "e.folded", "i.address", "s.ref"])
    .orderBy("a.address_key")
    .execute()
    .then((rows) => [...new Map(rows.map((row) => [row.address_key, row])).values()]);

/**
 * Which of these addresses (by addressKey) the global rule leaves out for an account: none where it does not share, none it appealed.
 */
export const globallyBounced = async (
  read: Read,
  keys: Keys,
  accountId: string,
  addressKeys: readonly string[],
  now: number,
): Promise<Set<string>> => {
  const account = await read.selectFrom("accounts").select("global_rule").where("id", "=", accountId).executeTakeFirst();
  if (account?.global_rule !== 1) return new Set();
  const hashes = new Map(addressKeys.map((key) => [addressHash(keys, key), key]));
  const reports = await readReports(read, [...hashes.keys()], now);
  const appealed = await readAppeals(read, accountId, [...hashes.keys()]);
  const global = [...hashes].filter(([hash]) => isGlobal(reports.get(hash) ?? [], now) && !appealed.has(hash));
  return new Set(global.map(([, key]) => key));
};

const readReports = async (read: Read, hashes: readonly string[], now: number): Promise<Map<string, GlobalReport[]>> => {
  const rows = await inBatches(hashes, (batch) =>
    read
      .selectFrom("global_reports")
      .select(["address_hash", "organisation", "at"])
      .where("address_hash", "in", batch)
      .where("at", ">", now - globalReportMs)
      .execute(),
  );
  return Map.groupBy(rows, (row) => row.address_hash);
};

const readAppeals = async (read: Read, accountId: string, hashes: readonly string[]): Promise<Set<string>> => {
  const rows = await inBatches(hashes, (batch) =>
    read
      .selectFrom("global_appeals")
      .select("address_hash")
      .where("account_id", "=", accountId)
      .where("address_hash", "in", batch)
      .execute(),
  );
  return new Set(rows.map((row) => row.address_hash));
};

/** Says that the global rule is wrong about an address: it no longer counts for this account, and the operator can read why. */
export const appealGlobal = async (
  tx: Write,
  keys: Keys,
  accountId: string,
  addressKey: string,
  appeal: { by: string; note: string },
  now: number,
): Promise<void> => {
  const row = { said_by: appeal.by, note: appeal.note, at: now };
  await tx
    .insertInto("global_appeals")
    .values({ account_id: accountId, address_hash: addressHash(keys, addressKey), ...row })
    .onConflict((conflict) => conflict.columns(["account_id", "address_hash"]).doUpdateSet(row))
    .execute();
};
