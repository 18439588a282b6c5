import { gzipSync } from "node:zlib";
import type { Envelope } from "../../src/bounces/envelope.ts";
import type { RecipientOutcome, Report } from "../../src/bounces/report.ts";
import type { Database } from "../../src/ports/database.ts";
import { type NewAccount, upsertAccount } from "../../src/store/accounts.ts";
import type { Claim } from "../../src/store/fence.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import type { PageToSave, SavedMessage } from "../../src/store/save-page.ts";
import { claimInbox } from "../../src/store/turns.ts";

/** The time in these tests, unless one says otherwise. */
export const now = Date.UTC(2026, 10, 25, 17);

const minute = 60_000;

export const envelope = (ref: string, more: Partial<Envelope> & { messageId?: string } = {}): Envelope => ({
  ref,
  folder: more.folder ?? "INBOX",
  role: "inbox",
  headers: new Map([["message-id", [more.messageId ?? `<${ref}@notices.example>`]]]),
  receivedAt: more.receivedAt ?? now - minute,
  size: 1000,
  threadId: null,
  hints: {},
});

/** A message anna sent to these addresses; its id is <name@sales.example>. */
export const sentMessage = (name: string, to: string[] = ["jan@customer.example"]): SavedMessage => ({
  envelope: envelope(`sent-${name}`, { folder: "Sent", messageId: `<${name}@sales.example>` }),
  verdict: "sent",
  facts: null,
  sent: {
    messageId: `<${name}@sales.example>`,
    ids: [`<provider-${name}@mail.example>`],
    subject: "Offer",
    from: "anna@sales.example",
    sentAt: now - 60 * minute,
    threadId: null,
    recipients: to.map((address) => ({ address, role: "to" as const })),
  },
});

export const outcome = (address: string, more: Partial<RecipientOutcome> = {}): RecipientOutcome => ({
  address,
  originalAddress: null,
  action: "failed",
  status: "5.1.1",
  smtpCode: 550,
  type: "hard",
  category: "unknown_user",
  reason: "userunknown",
  rule: "status-5.1.1",
  diagnostic: "550 5.1.1 User unknown",
  remoteMta: "mx.customer.example",
  willRetryUntil: null,
  ...more,
});

export const delayed = (address: string): RecipientOutcome =>
  outcome(address, { action: "delayed", status: "4.4.1", type: "pending", category: "temporary_technical", reason: "networkerror" });

export const delivered = (address: string): RecipientOutcome =>
  outcome(address, { action: "delivered", status: "2.0.0", type: "none", category: null, reason: null });

export const reportAbout = (name: string | null, recipients: RecipientOutcome[], more: Partial<Report> = {}): Report => ({
  verdict: "bounce",
  kind: "failure",
  format: "rfc3464",
  recipients,
  original: {
    messageId: name === null ? null : `<${name}@sales.example>`,
    subject: "Offer",
    from: "anna@sales.example",
    to: [],
    references: [],
    date: null,
    foundIn: "message/rfc822",
  },
  inReplyTo: [],
  notice: { messageId: null, from: "mailer-daemon@mx.example", subject: "Undelivered", date: null },
  reportingMta: "mx.sales.example",
  evidence: [],
  language: "en",
  parserVersion: "1",
  ...more,
});

/** A notice about the message called `name`. */
export const notice = (
  name: string | null,
  recipients = [outcome("jan@customer.example")],
  more: Partial<Envelope> & { ref?: string; report?: Partial<Report> } = {},
): SavedMessage => {
  const ref = more.ref ?? `bounce-${name}`;
  return {
    envelope: envelope(ref, more),
    verdict: "notice",
    facts: { sign: "multipart/report" },
    report: reportAbout(name, recipients, more.report),
    source: gzipSync("the notice"),
    trace: { outcome: "bounce", steps: [{ step: "format", because: "It is a delivery status notification." }] },
  };
};

export const ordinary = (ref: string): SavedMessage => ({ envelope: envelope(ref), verdict: "other", facts: { from: "machine" } });

/** An account with claimed inboxes. */
export const accountWithInboxes = async (database: Database, count = 1, account: Partial<NewAccount> = {}): Promise<Claim[]> => {
  const made = await database.transaction(async (tx) => {
    const { id } = await upsertAccount(tx, { name: "Acme", ...account }, now);
    const inboxes = [];
    for (let i = 0; i < count; i += 1) {
      const inbox = {
        provider: "imap",
        address: `anna${i}@sales.example`,
        owner: { externalId: "user-17", name: "Anna" },
        since: 0,
        nextPollAt: now,
      };
      inboxes.push(await createInbox(tx, id, inbox, now));
    }
    return inboxes;
  });
  const claims: Claim[] = [];
  for (const inbox of made) {
    const claimed = await database.transaction((tx) => claimInbox(tx, inbox.accountId, inbox.id, { busyUntil: now }, now));
    if (claimed) claims.push(claimed.claim);
  }
  return claims;
};

export const page = (claim: Claim, messages: SavedMessage[], more: Partial<PageToSave["page"]> & { now?: number } = {}): PageToSave => ({
  ...claim,
  now: more.now ?? now,
  page: { cursor: { at: 1 }, backfill: false, gaps: [], warnings: [], progress: null, ...more },
  messages,
});

const tables = [
  "idempotency_keys",
  "accounts",
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
  "engagements",
  "engagement_history",
  "events",
  "traces",
  "owed",
  "gaps",
  "inbox_states",
  "coverage_checks",
  "api_keys",
  "slots",
  "sign_in_links",
  "web_sessions",
  "connect_links",
  "authorizations",
  "global_reports",
  "global_appeals",
  "notice_decisions",
  "notice_shares",
  "address_events",
  "addresses",
  "webhooks",
  "webhook_letters",
  "crm_connections",
  "crm_links",
  "crm_dead_letters",
  "push_inboxes",
  "push_watches",
  "erasures",
  "erased_messages",
  "audit_log",
  "users",
  "reminders",
] as const;

/** Every row of every table, to compare before and after; rows in no order that matters. */
export const wholeDatabase = async (database: Database): Promise<Record<string, string[]>> => {
  const whole: Record<string, string[]> = {};
  for (const table of tables) {
    const rows = await database.read.selectFrom(table).selectAll().execute();
    whole[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return whole;
};
