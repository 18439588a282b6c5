import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/**
 * The tables of ports/database.ts. The statements mean the same on both engines: SQLite reads bigint as integer, and keeps a
 * Uint8Array in a column called bytea as it is. Narrow tables live in their key there (without rowid), not beside it.
 */
export const firstSchema: Migration = {
  version: 1,
  oldestRelease: "0.1.0",
  async up(db, engine) {
    for (const statement of tables) {
      await sql.raw(statement.replace("/* narrow */", engine === "sqlite" ? "without rowid" : "")).execute(db);
    }
    for (const index of indexes) await sql.raw(index).execute(db);
  },
};

const tables = [
  `create table meta (key text primary key, value text not null)`,
  `create table accounts (
    id text primary key, external_id text unique, name text not null, metadata text not null, log_for text not null,
    never_log text not null, has_contacts integer not null, event_seq bigint not null, created_at bigint not null,
    updated_at bigint not null, erased_at bigint)`,
  `create table api_keys (
    id text primary key, account_id text, scope text not null, label text not null, hash text not null unique,
    created_at bigint not null, revoked_at bigint)`,
  `create table inboxes (
    account_id text not null, id text not null, external_id text, provider text not null, address text not null,
    addresses text not null, owner text not null, metadata text not null, settings text not null, state text not null,
    state_since bigint not null, state_detail text not null, fence bigint not null, cursor text, since bigint not null,
    next_poll_at bigint, failed_polls integer not null, last_poll_at bigint, last_mail_at bigint, progress text,
    folders text not null, warnings text not null, created_at bigint not null, updated_at bigint not null,
    primary key (account_id, id), unique (account_id, external_id))`,
  `create table inbox_secrets (
    account_id text not null, inbox_id text not null, sealed text not null, version integer not null, lease text,
    lease_until bigint, primary key (account_id, inbox_id))`,
  `create table seen_messages (
    account_id text not null, inbox_id text not null, ref text not null, folder text not null, verdict text not null,
    message_key text, facts text, received_at bigint, seen_at bigint not null,
    primary key (account_id, inbox_id, ref)) /* narrow */`,
  `create table sent_messages (
    account_id text not null, id text not null, inbox_id text, ref text, folder text, kind text not null, external_id text,
    send_id text, metadata text not null, message_id text, unique_key text not null, subject text, from_address text,
    thread_id text, sent_at bigint not null, created_at bigint not null,
    primary key (account_id, id), unique (account_id, unique_key))`,
  `create table sent_recipients (
    account_id text not null, sent_message_id text not null, address_key text not null, address text not null, name text,
    role text not null, primary key (account_id, sent_message_id, address_key)) /* narrow */`,
  `create table sent_ids (
    account_id text not null, id_key text not null, sent_message_id text not null,
    primary key (account_id, id_key, sent_message_id)) /* narrow */`,
  `create table contacts (
    account_id text not null, id text not null, external_id text, name text, metadata text not null, from_crm integer not null,
    created_at bigint not null, updated_at bigint not null, primary key (account_id, id), unique (account_id, external_id))`,
  `create table contact_addresses (
    account_id text not null, address_key text not null, contact_id text not null, address text not null,
    primary key (account_id, address_key)) /* narrow */`,
  `create table notices (
    account_id text not null, id text not null, inbox_id text not null, ref text not null, folder text not null,
    fingerprint text not null, message_id text, kind text not null, format text not null, state text not null,
    matches text not null, report text not null, backfill integer not null, waits_until bigint, received_at bigint not null,
    detected_at bigint not null, updated_at bigint not null,
    primary key (account_id, id), unique (account_id, fingerprint), unique (account_id, inbox_id, ref))`,
  `create table notice_sources (
    account_id text not null, notice_id text not null, source bytea not null, primary key (account_id, notice_id))`,
  `create table notice_waits (
    account_id text not null, wait_key text not null, notice_id text not null,
    primary key (account_id, wait_key, notice_id)) /* narrow */`,
  `create table engagements (
    account_id text not null, id text not null, sent_message_id text not null, recipient_key text not null,
    recipient_address text not null, recipient_role text not null, contact_id text not null, inbox_id text not null,
    state text not null, category text, reason text, folded text not null, pending_until bigint, backfill integer not null,
    occurred_at bigint not null, detected_at bigint not null, updated_at bigint not null, version integer not null,
    primary key (account_id, id), unique (account_id, sent_message_id, recipient_key))`,
  `create table engagement_history (
    account_id text not null, engagement_id text not null, fingerprint text not null, at bigint not null, entry text not null,
    primary key (account_id, engagement_id, fingerprint))`,
  `create table events (
    account_id text not null, seq bigint not null, id text not null, type text not null, at bigint not null,
    backfill integer not null, data text not null, primary key (account_id, seq))`,
  `create table traces (
    account_id text not null, inbox_id text not null, ref text not null, message_key text, notice_id text, outcome text not null,
    steps text not null, at bigint not null, primary key (account_id, inbox_id, ref))`,
  `create table owed (
    account_id text not null, inbox_id text not null, ref text not null, envelope text not null, backfill integer not null,
    begun integer not null, attempts integer not null, crashes integer not null, due_at bigint, error text,
    first_at bigint not null, primary key (account_id, inbox_id, ref))`,
  `create table gaps (
    account_id text not null, inbox_id text not null, id text not null, folder text not null, from_at bigint, to_at bigint,
    because text not null, at bigint not null, primary key (account_id, inbox_id, id))`,
  `create table slots (name text not null, slot text not null, at bigint not null, primary key (name, slot))`,
];

const indexes = [
  "create index inboxes_due on inboxes (next_poll_at) where next_poll_at is not null",
  "create index api_keys_account on api_keys (account_id)",
  "create index seen_messages_key on seen_messages (account_id, message_key)",
  "create index sent_messages_external on sent_messages (account_id, external_id) where external_id is not null",
  "create index sent_messages_send on sent_messages (account_id, send_id) where send_id is not null",
  "create index sent_messages_sent_at on sent_messages (account_id, sent_at)",
  "create index sent_recipients_address on sent_recipients (account_id, address_key)",
  "create index contact_addresses_contact on contact_addresses (account_id, contact_id)",
  "create index notices_state on notices (account_id, state, received_at)",
  "create index notices_waiting on notices (waits_until) where waits_until is not null",
  "create index notice_waits_notice on notice_waits (account_id, notice_id)",
  "create index engagements_occurred on engagements (account_id, occurred_at, id)",
  "create index engagements_updated on engagements (account_id, updated_at, id)",
  "create index engagements_contact on engagements (account_id, contact_id, occurred_at)",
  "create index engagements_recipient on engagements (account_id, recipient_key)",
  "create index engagements_pending on engagements (pending_until) where pending_until is not null",
  "create index traces_message on traces (account_id, message_key)",
  "create index owed_due on owed (account_id, inbox_id, due_at)",
];
