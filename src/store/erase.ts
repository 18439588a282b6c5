import type { Read, Tables, Write } from "../ports/database.ts";
import { forgetAddressEffects } from "./addresses.ts";
import { type Erasure, type RowCounts, saveErasure } from "./erasures.ts";
import { appendEvents } from "./events.ts";
import { forgetAnswers } from "./idempotency-keys.ts";
import { blankAddressEvents, blankEvents } from "./mentions.ts";

/** What came from an inbox, by its id. */
const ofInboxes = [
  "engagements",
  "sent_messages",
  "notices",
  "seen_messages",
  "traces",
  "owed",
  "gaps",
  "inbox_states",
  "coverage_checks",
  "inbox_secrets",
  "reminders",
  "push_inboxes",
  "push_watches",
] as const satisfies readonly (keyof Tables)[];

/** What an account owns, besides its own row. */
const ofAccounts = [
  "api_keys",
  "inboxes",
  "inbox_secrets",
  "seen_messages",
  "sent_messages",
  "sent_recipients",
  "sent_ids",
  "contacts",
  "contact_addresses",
  "notices",
  "notice_sources",
  "notice_waits",
  "notice_decisions",
  "notice_shares",
  "engagements",
  "engagement_history",
  "events",
  "traces",
  "owed",
  "gaps",
  "inbox_states",
  "coverage_checks",
  "sign_in_links",
  "web_sessions",
  "users",
  "reminders",
  "webhooks",
  "webhook_letters",
  "crm_connections",
  "crm_links",
  "crm_dead_letters",
  "connect_links",
  "authorizations",
  "global_reports",
  "global_appeals",
  "address_events",
  "addresses",
  "push_inboxes",
  "push_watches",
  "erased_messages",
  "audit_log",
  "idempotency_keys",
] as const satisfies readonly (keyof Tables)[];

/**
 * Deletes everything of an account. Its row stays without its name, so that whoever asks can be told that it is gone; and so do the
 * receipts of erasures, this one among them.
 */
export const eraseAccount = async (tx: Write, accountId: string, by: string, now: number): Promise<Erasure> => {
  const removed: RowCounts = {};
  for (const table of ofAccounts) count(removed, table, await tx.deleteFrom(table).where("account_id", "=", accountId).execute());
  // What admins were answered may be about this account, and is sealed: it goes too.
  await tx.deleteFrom("idempotency_keys").where("account_id", "=", "").execute();
  await tx
    .updateTable("accounts")
    .set({
      name: "",
      external_id: null,
      metadata: "{}",
      never_log: "[]",
      return_urls: "[]",
      has_contacts: 0,
      updated_at: now,
      erased_at: now,
    })
    .where("id", "=", accountId)
    .execute();
  return saveErasure(tx, accountId, { kind: "account", subjectId: accountId, by, removed, changed: { accounts: 1 } }, now);
};

/** The proof of an account's erasure: rows that are still there, by table. */
export const searchAccount = async (read: Read, accountId: string): Promise<RowCounts> => {
  const found: RowCounts = {};
  for (const table of ofAccounts) {
    const { rows } = await read
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as("rows"))
      .where("account_id", "=", accountId)
      .executeTakeFirstOrThrow();
    if (Number(rows) > 0) found[table] = Number(rows);
  }
  return found;
};

const count = (removed: RowCounts, table: string, results: readonly { numDeletedRows: bigint }[]): void => {
  const rows = results.reduce((sum, { numDeletedRows }) => sum + Number(numDeletedRows), 0);
  if (rows > 0) removed[table] = (removed[table] ?? 0) + rows;
};

/**
 * Deletes what came from an inbox: its credentials, what it saw, its notices, the messages sent through it with their engagements,
 * and contacts that only those had made. The row stays, without address and owner, in the state `erased`; its fence is raised. Of
 * events about it only type and time stay. Null when there is no such inbox. Appends its event: it is called once, late in its transaction.
 */
export const eraseInbox = async (tx: Write, accountId: string, inboxId: string, by: string, now: number): Promise<Erasure | null> => {
  const inbox = await tx
    .selectFrom("inboxes")
    .select("id")
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .executeTakeFirst();
  if (!inbox) return null;
  const removed: RowCounts = {};
  const mine = { account_id: accountId, inbox_id: inboxId };
  const sent = tx
    .selectFrom("sent_messages")
    .select("id")
    .where(({ and }) => and(mine));
  const notices = tx
    .selectFrom("notices")
    .select("id")
    .where(({ and }) => and(mine));
  const engagements = tx
    .selectFrom("engagements")
    .select("id")
    .where(({ and }) => and(mine));
  const told = await engagements.execute();
  const ofAddresses = await blankAddressEvents(tx, accountId, new Set(told.map(({ id }) => id)));
  await forgetAddressEffects(tx, accountId, inboxId, now);
  // Rows that hang on others go first, because they are found through them.
  for (const table of ["engagement_history", "crm_links"] as const) {
    count(
      removed,
      table,
      await tx.deleteFrom(table).where("account_id", "=", accountId).where("engagement_id", "in", engagements).execute(),
    );
  }
  for (const table of ["sent_recipients", "sent_ids"] as const) {
    count(removed, table, await tx.deleteFrom(table).where("account_id", "=", accountId).where("sent_message_id", "in", sent).execute());
  }
  for (const table of ["notice_sources", "notice_waits", "notice_decisions", "notice_shares"] as const) {
    count(removed, table, await tx.deleteFrom(table).where("account_id", "=", accountId).where("notice_id", "in", notices).execute());
  }
  for (const table of ofInboxes) {
    const gone = await tx
      .deleteFrom(table)
      .where(({ and }) => and(mine))
      .execute();
    count(removed, table, gone);
  }
  await deleteOrphans(tx, accountId, removed);
  await blankInbox(tx, accountId, inboxId, now);
  const events = ofAddresses + (await blankEvents(tx, accountId, [inboxId]));
  const answers = await forgetAnswers(tx, accountId);
  const changed = { inboxes: 1, ...(events > 0 && { events }), ...(answers > 0 && { idempotency_keys: answers }) };
  const erasure = await saveErasure(tx, accountId, { kind: "inbox", subjectId: inboxId, by, removed, changed }, now);
  const data = { inboxId, erasureId: erasure.id };
  await appendEvents(tx, accountId, [{ type: "inbox.erased", backfill: false, data }], now);
  return erasure;
};

/** The proof of an inbox's erasure: rows of it that are still there, by table. */
export const searchInbox = async (read: Read, accountId: string, inboxId: string): Promise<RowCounts> => {
  const found: RowCounts = {};
  for (const table of ofInboxes) {
    const { rows } = await read
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as("rows"))
      .where(({ and }) => and({ account_id: accountId, inbox_id: inboxId }))
      .executeTakeFirstOrThrow();
    if (Number(rows) > 0) found[table] = Number(rows);
  }
  return found;
};

/** Contacts that we made for a bounce and that have none any more. */
const deleteOrphans = async (tx: Write, accountId: string, removed: RowCounts): Promise<void> => {
  const orphans = await tx
    .deleteFrom("contacts")
    .where("account_id", "=", accountId)
    .where("from_crm", "=", 0)
    .where("id", "not in", tx.selectFrom("engagements").select("contact_id").where("account_id", "=", accountId))
    .returning("id")
    .execute();
  if (orphans.length === 0) return;
  removed.contacts = orphans.length;
  const addresses = await tx
    .deleteFrom("contact_addresses")
    .where("account_id", "=", accountId)
    .where("contact_id", "not in", tx.selectFrom("contacts").select("id").where("account_id", "=", accountId))
    .execute();
  count(removed, "contact_addresses", addresses);
};

const blankInbox = (tx: Write, accountId: string, inboxId: string, now: number) =>
  tx
    .updateTable("inboxes")
    .set((eb) => ({
      address: "",
      addresses: "[]",
      owner: "null",
      metadata: "{}",
      settings: "{}",
      folders: "[]",
      warnings: "[]",
      external_id: null,
      cursor: null,
      progress: null,
      state: "erased",
      state_since: now,
      state_detail: "null",
      next_poll_at: null,
      fence: eb("fence", "+", 1),
      updated_at: now,
    }))
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .execute();
