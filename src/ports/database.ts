/**
 * The tables, as the queries in src/store see them, on the subset that SQLite and PostgreSQL share: times are epoch
 * milliseconds in bigint, JSON is text that code parses, booleans are 0 or 1, ids are made by us (a prefix and a ULID).
 * Every table that belongs to a customer has account_id first in its key; nothing is read without it.
 */
import type { Generated, Kysely, Transaction } from "kysely";
import type { Category, Kind } from "../bounces/report.ts";

/** 0 or 1: SQLite has no boolean. */
export type Flag = 0 | 1;
/** JSON as text, parsed where it is used. */
export type JsonText = string;
/** Epoch milliseconds. */
export type Millis = number;

export type LogFor = "auto" | "known" | "all";

export type Tables = {
  meta: { key: string; value: string };
  accounts: {
    id: string;
    external_id: string | null;
    name: string;
    metadata: JsonText;
    /** Whose bounces are logged; auto = all until the CRM has upserted contacts, then known. */
    log_for: LogFor;
    /** Addresses and domains (`@bank.example`) whose bounces are never logged, as a JSON list of lower-case texts. */
    never_log: JsonText;
    return_urls: JsonText;
    /** 1 once the CRM has upserted contacts. */
    has_contacts: Flag;
    /** The account's own rows of the table of reasons (bounces/mapping.ts). */
    mapping: Generated<JsonText>;
    /** 1: shares hard bounces for the global rule, and benefits from it. */
    global_rule: Generated<Flag>;
    /** The sequence of the newest event; raised late in each transaction that appends some. */
    event_seq: number;
    created_at: Millis;
    updated_at: Millis;
    /** Set when everything else of the account was deleted; the row stays so that others can be told. */
    erased_at: Millis | null;
  };
  api_keys: {
    id: string;
    /** Null: the key of an instance admin. */
    account_id: string | null;
    scope: "admin" | "write" | "read";
    label: string;
    /** SHA-256 of the key, hex. The key itself is shown once and kept nowhere. */
    hash: string;
    created_at: Millis;
    revoked_at: Millis | null;
  };
  inboxes: {
    account_id: string;
    id: string;
    external_id: string | null;
    provider: string;
    address: string;
    /** Every address that is this inbox's own, lower case. */
    addresses: JsonText;
    owner: JsonText;
    metadata: JsonText;
    settings: JsonText;
    state: InboxState;
    state_since: Millis;
    /** What the state's sentence needs: who paused it, until when it waits, what failed. */
    state_detail: JsonText;
    /** Raised by every claim, pause and disconnect; a write under an older fence is rolled back. */
    fence: number;
    /** The fence of the turn that runs; any other value: none does. */
    turn_fence: number | null;
    /** Asked to be polled while a turn runs: its end minds this. */
    poll_again_at: Millis | null;
    cursor: JsonText | null;
    /** How far back the first sync reads. */
    since: Millis;
    /** Null: not polled (paused, disconnected, reconnect needed). */
    next_poll_at: Millis | null;
    failed_polls: number;
    last_poll_at: Millis | null;
    /** Date of the newest message seen. */
    last_mail_at: Millis | null;
    /** Date of the newest sent message: who sends is polled more often. */
    last_sent_at: Millis | null;
    progress: JsonText | null;
    folders: JsonText;
    warnings: JsonText;
    /** What its server cannot do, as found on connecting. */
    limits: Generated<JsonText>;
    created_at: Millis;
    updated_at: Millis;
  };
  inbox_secrets: {
    account_id: string;
    inbox_id: string;
    /** As secrets.ts seals them. */
    sealed: string;
    /** Raised by each change; a writer names the version it read. */
    version: number;
    /** Who is refreshing them now, and until when that is believed: saves a second refresh, guards nothing. */
    lease: string | null;
    lease_until: Millis | null;
  };
  /** One narrow row per message looked at: no subject, no address. */
  seen_messages: {
    account_id: string;
    inbox_id: string;
    ref: string;
    folder: string;
    verdict: SeenVerdict;
    /** idKey of its Message-ID. */
    message_key: string | null;
    /** The header facts that led to the verdict, for 30 days. */
    facts: JsonText | null;
    /** What wrote it, where it nearly was a notice (bounces/near-miss.ts), as long as its facts. */
    near_miss: JsonText | null;
    received_at: Millis | null;
    seen_at: Millis;
  };
  sent_messages: {
    account_id: string;
    id: string;
    /** Null: registered through the API. */
    inbox_id: string | null;
    ref: string | null;
    folder: string | null;
    kind: "one_to_one" | "marketing";
    external_id: string | null;
    /** The marketing send it belongs to. */
    send_id: string | null;
    metadata: JsonText;
    message_id: string | null;
    /** What makes it one row: idKey of the Message-ID, or inbox and ref where it has none. */
    unique_key: string;
    subject: string | null;
    from_address: string | null;
    thread_id: string | null;
    sent_at: Millis;
    created_at: Millis;
  };
  sent_recipients: {
    account_id: string;
    sent_message_id: string;
    address_key: string;
    address: string;
    name: string | null;
    role: "to" | "cc" | "bcc";
    /** Of its message; the latest time there is where an older release wrote the row. */
    sent_at: Millis;
  };
  /** Every id a sent message is known by, as idKey. */
  sent_ids: { account_id: string; id_key: string; sent_message_id: string };
  contacts: {
    account_id: string;
    id: string;
    external_id: string | null;
    name: string | null;
    /** The name in lower case, as it is and with its last word first: what a search begins with. */
    name_key: string | null;
    name_turned: string | null;
    metadata: JsonText;
    /** 1: the CRM named this contact; 0: we made it because a bounce was logged for its address. */
    from_crm: Flag;
    created_at: Millis;
    updated_at: Millis;
  };
  contact_addresses: { account_id: string; address_key: string; contact_id: string; address: string };
  notices: {
    account_id: string;
    id: string;
    inbox_id: string;
    ref: string;
    folder: string;
    /** Same facts, same fingerprint: copies in two folders or two inboxes count once. */
    fingerprint: string;
    message_id: string | null;
    kind: Kind;
    format: string;
    state: NoticeState;
    /** Per recipient what matching found last: its match, a suggestion, or why there is none. */
    matches: JsonText;
    report: JsonText;
    backfill: Flag;
    /** The provider's conversation it lies in: a hint. */
    thread_id: string | null;
    waits_until: Millis | null;
    received_at: Millis;
    detected_at: Millis;
    updated_at: Millis;
  };
  /** The notice itself, gzip, returned letters cut to their headers. */
  notice_sources: { account_id: string; notice_id: string; source: Uint8Array };
  /**
   * What a notice waits for: `id:<idKey>` of a sent message, `address:<addressKey>` of a contact, `engagement:<sent message id>`
   * for a delivery receipt that came before the bounce it closes.
   */
  notice_waits: { account_id: string; wait_key: string; notice_id: string };
  engagements: {
    account_id: string;
    id: string;
    sent_message_id: string;
    recipient_key: string;
    recipient_address: string;
    /** Of recipient_key; null where an older release wrote the row. */
    recipient_domain: string | null;
    recipient_role: "to" | "cc" | "bcc";
    contact_id: string;
    inbox_id: string;
    state: EngagementState;
    category: Category | null;
    reason: string | null;
    /** The folded history (timeline/fold.ts, Folded): what the state rests on. */
    folded: JsonText;
    pending_until: Millis | null;
    backfill: Flag;
    occurred_at: Millis;
    detected_at: Millis;
    updated_at: Millis;
    version: number;
  };
  /** Append-only; the engagement is fold(history). */
  engagement_history: { account_id: string; engagement_id: string; fingerprint: string; at: Millis; entry: JsonText };
  events: { account_id: string; seq: number; id: string; type: string; at: Millis; backfill: Flag; data: JsonText };
  traces: {
    account_id: string;
    inbox_id: string;
    ref: string;
    message_key: string | null;
    /** The notice it became, or is a copy of. */
    notice_id: string | null;
    outcome: string;
    steps: JsonText;
    at: Millis;
  };
  /** Messages whose work is not done: retried on their own schedule, never in the way of the cursor. */
  owed: {
    account_id: string;
    inbox_id: string;
    ref: string;
    envelope: JsonText;
    backfill: Flag;
    /** 1 while a worker is at it; what is still 1 when the inbox is claimed anew took its worker down. */
    begun: Flag;
    attempts: number;
    crashes: number;
    /** Null while it is only begun. */
    due_at: Millis | null;
    error: string | null;
    first_at: Millis;
    /** 1: nothing was decided about it yet, because no page told of it; its header is judged first. */
    judge: Generated<Flag>;
  };
  /** The states an inbox was in, each until the next one. */
  inbox_states: { account_id: string; inbox_id: string; at: Millis; state: InboxState; detail: JsonText };
  /** What the newest comparison of an inbox's messages with our rows found. */
  coverage_checks: {
    account_id: string;
    inbox_id: string;
    began_at: Millis;
    /** When what stands here was found; null before the first comparison has ended. */
    checked_at: Millis | null;
    /** Which stretch was compared. */
    from_at: Millis | null;
    to_at: Millis | null;
    /** How many messages the comparison under way has looked at. */
    looked: number;
    provider_count: number | null;
    our_count: number | null;
    missing: JsonText;
    /** Null once it has ended with the whole stretch compared; `running`, or why it ended before that. */
    note: CoverageNote | null;
    /** The provider's words, where it refused. */
    detail: string | null;
  };
  gaps: {
    account_id: string;
    inbox_id: string;
    id: string;
    folder: string;
    from_at: Millis | null;
    to_at: Millis | null;
    because: string;
    at: Millis;
  };
  /** One-time links into the pages, and the browser sessions they open; secrets as SHA-256, hex. */
  sign_in_links: { account_id: string; hash: string; expires_at: Millis; user_id: string | null };
  web_sessions: { account_id: string; hash: string; expires_at: Millis; user_id: string | null };
  /** People who sign in to the pages. */
  users: {
    account_id: string;
    id: string;
    /** addressKey of the address they sign in with; nobody else's in the installation. */
    email_key: string;
    email: string;
    name: string;
    role: UserRole;
    /** As web/passwords.ts makes it; null until one is chosen. */
    password: string | null;
    language: string | null;
    time_zone: string | null;
    created_at: Millis;
    updated_at: Millis;
    signed_in_at: Millis | null;
    /** 1: wants a digest of their bounces on weekdays. */
    digest: Flag;
    digest_at: Millis | null;
  };
  /** Which reminders to reconnect went out since an inbox is in its state. */
  reminders: { account_id: string; inbox_id: string; state_since: Millis; number: number; sent_at: Millis };
  /** Which addresses hard-bounced where, by keyed hash alone: the only thing that crosses accounts. */
  global_reports: { address_hash: string; account_id: string; organisation: string; at: Millis };
  global_appeals: { account_id: string; address_hash: string; said_by: string; note: string; at: Millis };
  /** What people said of notices, with what had been offered to them: labelled examples. */
  notice_decisions: {
    account_id: string;
    notice_id: string;
    sent_message_id: string | null;
    said_by: string;
    note: string;
    offered: JsonText;
    at: Millis;
  };
  /** Whether a notice's owner lets support read it: what was asked last, and answered. Kept as long as the notice's text. */
  notice_shares: {
    account_id: string;
    notice_id: string;
    state: ShareState;
    /** Users; null: who came by the operator's link. */
    asked_by_id: string | null;
    note: string;
    /** When it was asked. */
    at: Millis;
    decided_by_id: string | null;
    decided_at: Millis | null;
    /** Until when it is shared. */
    ends_at: Millis | null;
  };
  /** Append-only; the address is foldAddress(events). */
  address_events: { account_id: string; address_key: string; id: string; at: Millis; entry: JsonText };
  /** Whether mail can go to an address something happened to. */
  addresses: { account_id: string; address_key: string; eligible: Flag; folded: JsonText; updated_at: Millis };
  /** A link that lets a sales user connect an inbox; used up by pressing its button. */
  connect_links: {
    account_id: string;
    id: string;
    secret_hash: string;
    wish: JsonText;
    state: ConnectLinkState;
    outcome: string | null;
    inbox_id: string | null;
    expires_at: Millis;
    created_at: Millis;
    updated_at: Millis;
  };
  /** A sign-in that is under way at a provider's page: bound to a browser, taken once. */
  authorizations: { account_id: string; state_hash: string; browser_hash: string; sealed: string; expires_at: Millis };
  /** What is left of a quota that several workers spend from, by PostgreSQL's clock; used there alone. */
  quotas: { key: string; level: number; at: Millis };
  /** Requests of one sender in its present minute, where several processes answer; used on PostgreSQL alone. */
  request_counts: { sender: string; ends_at: Millis; count: number };
  /** Calendar work claimed once by name and slot, whichever worker's clock fires first. */
  slots: { name: string; slot: string; at: Millis };
  /** Endpoints that the account's events are sent to. */
  webhooks: {
    account_id: string;
    id: string;
    url: string;
    description: string | null;
    /** Which events it gets: types, `group.*`, or `*`. */
    types: JsonText;
    include_backfill: Flag;
    enabled: Flag;
    /** Null, or `gone`: the receiver answered 410; `asked`: through the API. */
    disabled_because: string | null;
    /** As secrets.ts seals them; the previous one signs beside it until `previous_until`. */
    secret: string;
    previous_secret: string | null;
    previous_until: Millis | null;
    /** Raised by every claim and every change; a write under an older one does nothing. */
    fence: number;
    /** Every event up to this sequence is settled: accepted, a dead letter, or none that the endpoint gets. */
    position: number;
    /** The newest event the receiver accepted in its turn. */
    delivered_seq: number | null;
    delivered_at: Millis | null;
    /** How often the event after `position` failed. */
    attempts: number;
    failing_since: Millis | null;
    /** Nothing is sent before. */
    due_at: Millis;
    /** A worker is at it, and is believed dead after this. */
    busy_until: Millis | null;
    last_error: string | null;
    last_error_at: Millis | null;
    created_at: Millis;
    updated_at: Millis;
  };
  /** Events sent outside the order: asked for again (due_at set), or given up (null): dead letters. */
  webhook_letters: {
    account_id: string;
    webhook_id: string;
    seq: number;
    attempts: number;
    due_at: Millis | null;
    failing_since: Millis | null;
    error: string | null;
    created_at: Millis;
  };
  /** When an inbox's watches at its provider are looked after again, and why there are fewer than wanted. */
  push_inboxes: { account_id: string; inbox_id: string; renew_at: Millis; warning: string | null };
  /** What a provider watches for us: it tells of new mail under `watch_id`, with a secret of which only the SHA-256 (hex) is kept. */
  push_watches: {
    account_id: string;
    inbox_id: string;
    watch_id: string;
    /** Null: told in a way that needs no secret. */
    secret_hash: string | null;
    /** What of the inbox it watches, in its connector's words. */
    about: string;
    expires_at: Millis;
  };
  /** The CRM an account's bounces are written to: one at most. */
  crm_connections: {
    account_id: string;
    kind: string;
    /** As secrets.ts seals it. */
    token: string;
    /** What was found out about the CRM (ports/crm.ts). */
    memory: JsonText;
    include_backfill: Flag;
    /** Raised by every claim and every new token; a write under an older one does nothing. */
    fence: number;
    /** Every event up to this sequence is settled: written, a dead letter, or none for a CRM. */
    position: number;
    written_at: Millis | null;
    /** How often the event after `position` failed. */
    attempts: number;
    failing_since: Millis | null;
    /** Nothing is written before. */
    due_at: Millis;
    /** A worker is at it, and is believed dead after this. */
    busy_until: Millis | null;
    last_error: string | null;
    last_error_at: Millis | null;
    created_at: Millis;
  };
  /** Where engagements are in the CRM, and which version was written there. */
  crm_links: { account_id: string; engagement_id: string; crm_id: string; version: number };
  /** Requests that came with an Idempotency-Key, by the key's SHA-256 (hex), with what they were answered. */
  idempotency_keys: {
    /** Empty: an instance admin's. */
    account_id: string;
    key_hash: string;
    request_id: string;
    /** The SHA-256 of what was asked for, sealed. */
    request: string;
    began_at: Millis;
    /** 1 once a transaction of the request was committed. */
    took_effect: Flag;
    /** Status, type and body, sealed; null while it runs. */
    answer: string | null;
  };
  /** Events the CRM did not take. */
  crm_dead_letters: { account_id: string; seq: number; error: string; at: Millis };
  /** What was erased, by whom, and what a search for it found afterwards: no name and no address. Kept when the account itself is erased. */
  erasures: {
    account_id: string;
    id: string;
    kind: ErasureKind;
    subject_id: string;
    by_whom: string;
    /** Rows per table that are gone, and rows from which the subject was taken out. */
    removed: JsonText;
    changed: JsonText;
    /** Rows per table that still mention the subject; null until the search was made. */
    left_behind: JsonText | null;
    checked_at: Millis | null;
    at: Millis;
  };
  /** SHA-256 of what names an erased sent message or notice: listed again, it does not come back. */
  erased_messages: { account_id: string; message_hash: string };
  /** Who read or changed what. `subject`: an id, or the keyed hash of an address. */
  audit_log: { account_id: string; id: string; by_whom: string; action: string; subject: string | null; at: Millis };
};

/** Why a comparison with the provider is not there in full. */
export type CoverageNote = "running" | "rate_limited" | "time" | "failed" | "not_polled" | "first_sync";

/** `sales`: one's own inboxes; `support`: all inboxes, no notice's text unless shared; `owner`: everything, and who else may. */
export type UserRole = "owner" | "support" | "sales";

export type ErasureKind = "contact" | "inbox" | "account";

export type InboxState =
  | "connecting"
  | "needs_admin"
  | "missing_permission"
  | "first_sync"
  | "watching"
  | "waiting"
  | "unreachable"
  | "reconnect_needed"
  | "paused"
  | "disconnected"
  | "erased";

/**
 * What became of a message we saw. `sent`: a sent message; `notice`: opened and kept as a notice; `opened`: opened, and no
 * notice; `reply`/`other`: not opened; `gone`: deleted before we could open it; `owed`: to be tried again; the rest: set aside.
 */
export type SeenVerdict = "sent" | "notice" | "opened" | "reply" | "other" | "gone" | "owed" | "too_big" | "unreadable" | "unreachable";

/**
 * `matched`: every failed recipient is logged; `waiting`: for its sent message or a contact, until waits_until; `unmatched`:
 * waited in vain, or cannot be tied; `not_ours`: names a message nobody in the account sent, decided when waiting ends;
 * `not_logged`: tied, but its contact is not to be logged; `no_bounce`: kept, nothing to tie; `dismissed`: a person said that it belongs to none of the account's messages.
 */
export type NoticeState = "matched" | "waiting" | "unmatched" | "not_ours" | "not_logged" | "no_bounce" | "dismissed";

/** `asked`: nobody has answered; `ended`: shared, and taken back by its owner. */
export type ShareState = "asked" | "shared" | "declined" | "ended";

/** `open` until its button is pressed, `used` while the person signs in at the provider, then one of the ends. */
export type ConnectLinkState = "open" | "used" | "completed" | "failed" | "expired";

export type EngagementState = "pending" | "soft" | "hard" | "delivered" | "retracted";

export type Read = Kysely<Tables>;
export type Write = Transaction<Tables>;

export type Database = {
  engine: "sqlite" | "postgres";
  /** For reading only, beside any write that is under way. */
  read: Read;
  /**
   * One write transaction. `fn` may await nothing but the database, and must use the handle it is given (the outer one would
   * wait for itself for ever). Serialisation failures (40001, 40P01) are tried again, so `fn` may run more than once.
   */
  transaction<T>(fn: (tx: Write) => Promise<T>): Promise<T>;
  /** Takes what was deleted out of the engine's own log, where that is ours to do: SQLite's write-ahead log is emptied. */
  settle(): Promise<void>;
  close(): Promise<void>;
};
