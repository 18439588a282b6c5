import type { Tables, Write } from "../ports/database.ts";
import { forgetAddressEffects } from "./addresses.ts";

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
  "engagements",
  "engagement_history",
  "events",
  "traces",
  "owed",
  "gaps",
  "sign_in_links",
  "web_sessions",
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
  "idempotency_keys",
] as const satisfies readonly (keyof Tables)[];

/** Deletes everything of an account. Its row stays without its name, so that whoever asks can be told that it is gone. */
export const eraseAccount = async (tx: Write, accountId: string, now: number): Promise<void> => {
  for (const table of ofAccounts) await tx.deleteFrom(table).where("account_id", "=", accountId).execute();
  // What admins were answered may be about this account, and is sealed: it goes too.
  await tx.deleteFrom("idempotency_keys").where("account_id", "=", "").execute();
  await tx
    .updateTable("accounts")
    .set({ name: "", external_id: null, metadata: "{}", never_log: "[]", has_contacts: 0, updated_at: now, erased_at: now })
    .where("id", "=", accountId)
    .execute();
};

/**
 * Deletes what came from an inbox: its credentials, what it saw, its notices, the messages sent through it with their engagements,
 * and contacts that only those had made. The row stays, without address and owner, in the state `erased`; its fence is raised.
 * Events stay: they were told already, and end with their own retention.
 */
export const eraseInbox = async (tx: Write, accountId: string, inboxId: string, now: number): Promise<void> => {
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
  await forgetAddressEffects(tx, accountId, inboxId, now);
  // Rows that hang on others go first, because they are found through them.
  for (const table of ["engagement_history", "crm_links"] as const) {
    await tx.deleteFrom(table).where("account_id", "=", accountId).where("engagement_id", "in", engagements).execute();
  }
  for (const table of ["sent_recipients", "sent_ids"] as const) {
    await tx.deleteFrom(table).where("account_id", "=", accountId).where("sent_message_id", "in", sent).execute();
  }
  for (const table of ["notice_sources", "notice_waits", "notice_decisions"] as const) {
    await tx.deleteFrom(table).where("account_id", "=", accountId).where("notice_id", "in", notices).execute();
  }
  const tables = [
    "engagements",
    "sent_messages",
    "notices",
    "seen_messages",
    "traces",
    "owed",
    "gaps",
    "inbox_secrets",
    "push_inboxes",
    "push_watches",
  ] as const;
  for (const table of tables)
    await tx
      .deleteFrom(table)
      .where(({ and }) => and(mine))
      .execute();
  await deleteOrphans(tx, accountId);
  await blankInbox(tx, accountId, inboxId, now);
};

/** Contacts that we made for a bounce and that have none any more. */
const deleteOrphans = async (tx: Write, accountId: string): Promise<void> => {
  const orphans = await tx
    .deleteFrom("contacts")
    .where("account_id", "=", accountId)
    .where("from_crm", "=", 0)
    .where("id", "not in", tx.selectFrom("engagements").select("contact_id").where("account_id", "=", accountId))
    .returning("id")
    .execute();
  if (orphans.length === 0) return;
  await tx
    .deleteFrom("contact_addresses")
    .where("account_id", "=", accountId)
    .where("contact_id", "not in", tx.selectFrom("contacts").select("id").where("account_id", "=", accountId))
    .execute();
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
