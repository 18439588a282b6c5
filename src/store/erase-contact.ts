import { addressKey } from "../bounces/keys.ts";
import type { Report } from "../bounces/report.ts";
import type { Read, Tables, Write } from "../ports/database.ts";
import { getContact } from "./contacts.ts";
import { type Erasure, messageHash, type RowCounts, rememberErased, saveErasure } from "./erasures.ts";
import { appendEvents } from "./events.ts";
import { forgetAnswers } from "./idempotency-keys.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";
import { blankEvents, countMentions, findMentions, replaceMentions, type WordTable, wordColumns } from "./mentions.ts";
import type { TiedRecipient } from "./notices.ts";
import { addressHash, type Keys } from "./secrets.ts";

/**
 * Erases a person: the contact, its addresses and what they did to anything; its engagements; letters and notices that were about it
 * alone. Of letters and notices to several people the others' part stays; what else names one of the addresses has it taken out.
 * An erased letter or notice that is listed again does not come back. Returns the receipt, still without its proof, and what to
 * search for; null when there is no such contact. Appends its event, so it is called once and late in its transaction.
 */
export const eraseContact = async (
  tx: Write,
  keys: Keys,
  accountId: string,
  contactId: string,
  by: string,
  now: number,
): Promise<{ erasure: Erasure; words: string[] } | null> => {
  const contact = await getContact(tx, accountId, contactId);
  if (!contact) return null;
  const engagements = await tx
    .selectFrom("engagements")
    .select(["id", "recipient_key"])
    .where("account_id", "=", accountId)
    .where("contact_id", "=", contactId)
    .execute();
  const addressKeys = [...new Set([...contact.addresses.map(addressKey), ...engagements.map((row) => row.recipient_key)])].sort();
  const words = [...new Set([...addressKeys, ...contact.addresses])];
  const removed: RowCounts = {};
  const remove = remover(tx, accountId, removed);

  const ids = engagements.map((row) => row.id);
  for (const table of ["engagement_history", "crm_links"] as const) await remove(table, "engagement_id", ids);
  await remove("engagements", "id", ids);
  await eraseNotices(tx, accountId, { addressKeys: new Set(addressKeys), engagementIds: new Set(ids), words }, remove);
  await eraseLetters(tx, accountId, addressKeys, remove);
  for (const table of ["address_events", "addresses"] as const) await remove(table, "address_key", addressKeys);
  const hashes = addressKeys.map((key) => addressHash(keys, key));
  for (const table of ["global_reports", "global_appeals"] as const) await remove(table, "address_hash", hashes);
  await remove(
    "notice_waits",
    "wait_key",
    addressKeys.map((key) => `address:${key}`),
  );
  await remove("contact_addresses", "contact_id", [contactId]);
  await remove("contacts", "id", [contactId]);

  const changed = await replaceEverywhere(tx, accountId, words, contactId);
  const erasure = await saveErasure(tx, accountId, { kind: "contact", subjectId: contactId, by, removed, changed }, now);
  const data = { contactId, erasureId: erasure.id };
  await appendEvents(tx, accountId, [{ type: "contact.erased", backfill: false, data }], now);
  return { erasure, words };
};

/** The proof of a contact's erasure: rows of the account that still mention one of the words. */
export const searchContact = async (read: Read, accountId: string, words: readonly string[]): Promise<RowCounts> => {
  const found = await countMentions(read, accountId, words);
  for (const table of keyedByAddress) {
    const rows = await inBatches(words.map(addressKey), (batch) =>
      read.selectFrom(table).select("account_id").where("account_id", "=", accountId).where("address_key", "in", batch).execute(),
    );
    if (rows.length > 0) found[table] = (found[table] ?? 0) + rows.length;
  }
  return found;
};

const keyedByAddress = ["contact_addresses", "sent_recipients", "address_events", "addresses"] as const;

type Remove = <Table extends keyof Tables>(table: Table, column: keyof Tables[Table] & string, values: readonly string[]) => Promise<void>;

/** Deletes rows of the account by one column, and counts them. */
const remover =
  (tx: Write, accountId: string, removed: RowCounts): Remove =>
  async (table, column, values) => {
    // Kysely cannot tell that every table here has the two columns; the callers' types can.
    const from = tx as unknown as { deleteFrom(table: string): ReturnType<typeof tx.deleteFrom<"contacts">> };
    const results = await inBatches(values, (batch) =>
      from
        .deleteFrom(table)
        .where("account_id", "=", accountId)
        .where(column as "id", "in", batch)
        .execute(),
    );
    const rows = results.reduce((sum, { numDeletedRows }) => sum + Number(numDeletedRows), 0);
    if (rows > 0) removed[table] = (removed[table] ?? 0) + rows;
  };

type Person = { addressKeys: ReadonlySet<string>; engagementIds: ReadonlySet<string>; words: readonly string[] };

/** A notice names whom the server says failed, and is tied to whom the letter went to: a forwarded address is the person's too. */
const isAboutNobodyElse = ({ addressKeys, engagementIds }: Person, report: Report, matches: readonly TiedRecipient[]): boolean => {
  const tied = new Set(matches.filter(({ engagementId }) => engagementIds.has(engagementId ?? "")).map(({ address }) => address));
  return report.recipients.every(
    ({ address, originalAddress }) =>
      tied.has(address) || addressKeys.has(addressKey(address)) || addressKeys.has(addressKey(originalAddress ?? "")),
  );
};

/** Notices about nobody else go; of the others the text goes, in which the person is named, and the outcome of the rest stays. */
const eraseNotices = async (tx: Write, accountId: string, person: Person, remove: Remove): Promise<void> => {
  const found = await findMentions(tx, accountId, "notices", person.words);
  const gone = found
    .filter((row) => isAboutNobodyElse(person, fromJson<Report>(String(row.report)), fromJson<TiedRecipient[]>(String(row.matches))))
    .map((row) => String(row.id));
  const fingerprints = await inBatches(gone, (batch) =>
    tx.selectFrom("notices").select("fingerprint").where("account_id", "=", accountId).where("id", "in", batch).execute(),
  );
  await rememberErased(
    tx,
    accountId,
    fingerprints.map((row) => messageHash("notice", row.fingerprint)),
  );
  await remove(
    "notice_sources",
    "notice_id",
    found.map((row) => String(row.id)),
  );
  for (const table of ["notice_waits", "notice_decisions", "notice_shares", "traces"] as const) await remove(table, "notice_id", gone);
  await remove("notices", "id", gone);
};

/** Letters to nobody else go; from the others the recipient is taken. */
const eraseLetters = async (tx: Write, accountId: string, addressKeys: readonly string[], remove: Remove): Promise<void> => {
  const to = await inBatches(addressKeys, (batch) =>
    tx
      .selectFrom("sent_recipients")
      .select("sent_message_id")
      .where("account_id", "=", accountId)
      .where("address_key", "in", batch)
      .execute(),
  );
  await remove("sent_recipients", "address_key", addressKeys);
  const ids = [...new Set(to.map((row) => row.sent_message_id))].sort();
  const toOthers = await inBatches(ids, (batch) =>
    tx
      .selectFrom("sent_recipients")
      .select("sent_message_id")
      .distinct()
      .where("account_id", "=", accountId)
      .where("sent_message_id", "in", batch)
      .execute(),
  );
  const kept = new Set(toOthers.map((row) => row.sent_message_id));
  const gone = ids.filter((id) => !kept.has(id));
  const names = await inBatches(gone, (batch) =>
    tx.selectFrom("sent_messages").select("unique_key").where("account_id", "=", accountId).where("id", "in", batch).execute(),
  );
  await rememberErased(
    tx,
    accountId,
    names.map((row) => messageHash("sent", row.unique_key)),
  );
  await remove("sent_ids", "sent_message_id", gone);
  await remove("sent_messages", "id", gone);
};

const replaceEverywhere = async (tx: Write, accountId: string, words: readonly string[], contactId: string): Promise<RowCounts> => {
  const changed: RowCounts = {};
  for (const table of Object.keys(wordColumns) as WordTable[]) {
    const rows =
      table === "events" ? await blankEvents(tx, accountId, [...words, contactId]) : await replaceMentions(tx, accountId, table, words);
    if (rows > 0) changed[table] = rows;
  }
  const answers = await forgetAnswers(tx, accountId);
  if (answers > 0) changed.idempotency_keys = answers;
  return changed;
};
