import type { Selectable } from "kysely";
import { addressKey } from "../bounces/keys.ts";
import type { Folder, Json, Limit, Warning } from "../ports/connector.ts";
import type { InboxState, Read, Tables, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { saveInboxState } from "./inbox-states.ts";
import { fromJson, fromJsonOrNull, toJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** One connected mailbox, without its position and its credentials. Times are epoch milliseconds. */
export type Inbox = {
  id: string;
  accountId: string;
  externalId: string | null;
  provider: string;
  address: string;
  /** Every address that is this inbox's own, as addressKey. */
  addresses: string[];
  owner: Json;
  metadata: Json;
  settings: Json;
  state: InboxState;
  stateSince: number;
  stateDetail: Json;
  since: number;
  nextPollAt: number | null;
  failedPolls: number;
  lastPollAt: number | null;
  lastMailAt: number | null;
  lastSentAt: number | null;
  progress: { done: number; total: number | null } | null;
  folders: Folder[];
  warnings: Warning[];
  /** What its server cannot do, as found on connecting. */
  limits: Limit[];
  createdAt: number;
  updatedAt: number;
};

export type NewInbox = {
  provider: string;
  address: string;
  addresses?: readonly string[];
  owner?: Json;
  externalId?: string | null;
  metadata?: Json;
  settings?: Json;
  state?: InboxState;
  stateDetail?: Json;
  /** How far back the first sync reads. */
  since: number;
  folders?: readonly Folder[];
  warnings?: readonly Warning[];
  limits?: readonly Limit[];
  /** Null: not polled yet. */
  nextPollAt: number | null;
};

/** Makes an inbox. Its credentials are saved with `saveSecrets`. */
export const createInbox = async (tx: Write, accountId: string, inbox: NewInbox, now: number): Promise<Inbox> => {
  const row = await tx
    .insertInto("inboxes")
    .values({
      account_id: accountId,
      id: newId("inb", now),
      external_id: inbox.externalId ?? null,
      provider: inbox.provider,
      address: inbox.address,
      addresses: toJson(ownAddresses(inbox.address, inbox.addresses)),
      owner: toJson(inbox.owner),
      metadata: toJson(inbox.metadata ?? {}),
      settings: toJson(inbox.settings ?? {}),
      state: inbox.state ?? "first_sync",
      state_since: now,
      state_detail: toJson(inbox.stateDetail),
      fence: 1,
      cursor: null,
      since: inbox.since,
      next_poll_at: inbox.nextPollAt,
      failed_polls: 0,
      last_poll_at: null,
      last_mail_at: null,
      last_sent_at: null,
      progress: null,
      folders: toJson(inbox.folders ?? []),
      warnings: toJson(inbox.warnings ?? []),
      limits: toJson(inbox.limits ?? []),
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await saveInboxState(tx, row);
  return toInbox(row);
};

export const getInbox = async (read: Read, accountId: string, inboxId: string): Promise<Inbox | null> => {
  const row = await read.selectFrom("inboxes").selectAll().where("account_id", "=", accountId).where("id", "=", inboxId).executeTakeFirst();
  return row ? toInbox(row) : null;
};

/** The inboxes of an account, oldest first. */
export const listInboxes = async (
  read: Read,
  accountId: string,
  options: ListOptions & {
    state?: readonly InboxState[] | undefined;
    provider?: string | undefined;
    externalId?: string | undefined;
    updatedSince?: number | undefined;
  } = {},
): Promise<ListPage<Inbox>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("inboxes")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where("id", ">", after[1]);
  if (options.state) query = query.where("state", "in", options.state);
  if (options.provider !== undefined) query = query.where("provider", "=", options.provider);
  if (options.externalId !== undefined) query = query.where("external_id", "=", options.externalId);
  if (options.updatedSince !== undefined) query = query.where("updated_at", ">=", options.updatedSince);
  return listPage(await query.execute(), options, (row) => [row.created_at, row.id], toInbox);
};

/**
 * Inboxes of all accounts that are well and polled, those that sent last first: whose new mail is worth being told of at once.
 * Without those of the providers named.
 */
export const listWatching = async (read: Read, limit: number, without: readonly string[]): Promise<Inbox[]> => {
  const rows = await read
    .selectFrom("inboxes")
    .selectAll()
    .where("state", "=", "watching")
    .where("next_poll_at", "is not", null)
    .where("provider", "not in", without.length > 0 ? without : [""])
    .orderBy((eb) => eb.fn.coalesce("last_sent_at", eb.val(0)), "desc")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(toInbox);
};

/** Every inbox of an account; there are as many as people in sales. */
export const allInboxes = async (read: Read, accountId: string): Promise<Inbox[]> => {
  const all: Inbox[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: ListPage<Inbox> = await listInboxes(read, accountId, { limit: 200, cursor });
    all.push(...page.data);
    cursor = page.nextCursor;
    if (cursor === null) return all;
  }
};
export type InboxChanges = Partial<
  Pick<NewInbox, "address" | "addresses" | "owner" | "externalId" | "metadata" | "settings" | "since" | "folders" | "warnings" | "limits">
>;

/** Changes what is given; the state, the fence and the position stay. Null when there is no such inbox. */
export const updateInbox = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  changes: InboxChanges,
  now: number,
): Promise<Inbox | null> => {
  const row = await tx
    .updateTable("inboxes")
    .set({
      updated_at: now,
      ...(changes.address !== undefined && { address: changes.address }),
      ...(changes.addresses !== undefined && { addresses: toJson(changes.addresses.map(addressKey)) }),
      ...(changes.owner !== undefined && { owner: toJson(changes.owner) }),
      ...(changes.externalId !== undefined && { external_id: changes.externalId }),
      ...(changes.metadata !== undefined && { metadata: toJson(changes.metadata) }),
      ...(changes.settings !== undefined && { settings: toJson(changes.settings) }),
      ...(changes.since !== undefined && { since: changes.since }),
      ...(changes.folders !== undefined && { folders: toJson(changes.folders) }),
      ...(changes.warnings !== undefined && { warnings: toJson(changes.warnings) }),
      ...(changes.limits !== undefined && { limits: toJson(changes.limits) }),
    })
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .returningAll()
    .executeTakeFirst();
  return row ? toInbox(row) : null;
};

/**
 * Pause, resume, disconnect and reconnect: sets the state and raises the fence, so that a turn under way writes nothing more.
 * `nextPollAt` null stops polling. Disconnecting forgets the credentials. Null when there is no such inbox.
 */
export const changeState = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  change: { state: InboxState; detail?: Json; nextPollAt: number | null },
  now: number,
): Promise<Inbox | null> => {
  const row = await tx
    .updateTable("inboxes")
    .set((eb) => ({
      fence: eb("fence", "+", 1),
      state: change.state,
      state_since: now,
      state_detail: toJson(change.detail),
      next_poll_at: change.nextPollAt,
      failed_polls: 0,
      updated_at: now,
    }))
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .returningAll()
    .executeTakeFirst();
  if (row && change.state === "disconnected") {
    await tx.deleteFrom("inbox_secrets").where("account_id", "=", accountId).where("inbox_id", "=", inboxId).execute();
  }
  if (row) await saveInboxState(tx, row);
  return row ? toInbox(row) : null;
};

const ownAddresses = (address: string, others: readonly string[] = []): string[] => [...new Set([address, ...others].map(addressKey))];

export const toInbox = (row: Selectable<Tables["inboxes"]>): Inbox => ({
  id: row.id,
  accountId: row.account_id,
  externalId: row.external_id,
  provider: row.provider,
  address: row.address,
  addresses: fromJson<string[]>(row.addresses),
  owner: fromJson<Json>(row.owner),
  metadata: fromJson<Json>(row.metadata),
  settings: fromJson<Json>(row.settings),
  state: row.state,
  stateSince: row.state_since,
  stateDetail: fromJson<Json>(row.state_detail),
  since: row.since,
  nextPollAt: row.next_poll_at,
  failedPolls: row.failed_polls,
  lastPollAt: row.last_poll_at,
  lastMailAt: row.last_mail_at,
  lastSentAt: row.last_sent_at,
  progress: fromJsonOrNull<{ done: number; total: number | null }>(row.progress),
  folders: fromJson<Folder[]>(row.folders),
  warnings: fromJson<Warning[]>(row.warnings),
  limits: fromJson<Limit[]>(row.limits),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
