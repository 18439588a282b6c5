import type { Selectable } from "kysely";
import type { Mapping } from "../bounces/mapping.ts";
import type { Json } from "../ports/connector.ts";
import type { Flag, LogFor, Read, Tables, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { fromJson, toJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";
import { locking } from "./locking.ts";

/** One customer of the CRM. Times are epoch milliseconds. */
export type Account = {
  id: string;
  externalId: string | null;
  name: string;
  metadata: Json;
  logFor: LogFor;
  /** Addresses, and domains with a leading `@`, whose bounces are never logged. Lower case. */
  neverLog: string[];
  /** Its own rows of the table of reasons. */
  mapping: Partial<Mapping>;
  /** Shares hard bounces for the global rule, and benefits from it. */
  globalRule: boolean;
  /** Where connect links may lead back to; what comes after `?` is free. */
  returnUrls: string[];
  hasContacts: boolean;
  eventSeq: number;
  createdAt: number;
  updatedAt: number;
  /** Set: everything else of it is gone. */
  erasedAt: number | null;
};

export type NewAccount = {
  name: string;
  externalId?: string | null;
  metadata?: Json;
  logFor?: LogFor;
  neverLog?: readonly string[];
  mapping?: Partial<Mapping>;
  globalRule?: boolean;
  returnUrls?: readonly string[];
};

/** Makes an account; one with the same `externalId` is changed instead. */
export const upsertAccount = async (tx: Write, account: NewAccount, now: number): Promise<Account> => {
  const row = await tx
    .insertInto("accounts")
    .values({
      id: newId("acc", now),
      external_id: account.externalId ?? null,
      name: account.name,
      metadata: toJson(account.metadata ?? {}),
      log_for: account.logFor ?? "auto",
      never_log: toJson((account.neverLog ?? []).map((entry) => entry.toLowerCase())),
      mapping: toJson(account.mapping ?? {}),
      global_rule: (account.globalRule ? 1 : 0) as Flag,
      return_urls: toJson(account.returnUrls ?? []),
      has_contacts: 0,
      event_seq: 0,
      created_at: now,
      updated_at: now,
      erased_at: null,
    })
    .onConflict((conflict) =>
      conflict.column("external_id").doUpdateSet((eb) => ({
        name: eb.ref("excluded.name"),
        metadata: eb.ref("excluded.metadata"),
        updated_at: now,
        ...(account.logFor && { log_for: account.logFor }),
        ...(account.neverLog && { never_log: eb.ref("excluded.never_log") }),
        ...(account.mapping && { mapping: eb.ref("excluded.mapping") }),
        ...(account.globalRule !== undefined && { global_rule: eb.ref("excluded.global_rule") }),
        ...(account.returnUrls && { return_urls: eb.ref("excluded.return_urls") }),
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return toAccount(row);
};

export const getAccount = async (read: Read, accountId: string): Promise<Account | null> => {
  const row = await read.selectFrom("accounts").selectAll().where("id", "=", accountId).executeTakeFirst();
  return row ? toAccount(row) : null;
};

/** All accounts, oldest first: for instance admins only. */
export const listAccounts = async (
  read: Read,
  options: ListOptions & { externalId?: string | undefined } = {},
): Promise<ListPage<Account>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("accounts")
    .selectAll()
    .orderBy("id")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where("id", ">", after[1]);
  if (options.externalId !== undefined) query = query.where("external_id", "=", options.externalId);
  return listPage(await query.execute(), options, (row) => [row.created_at, row.id], toAccount);
};

/** Changes what is given; returns the account, or null when there is none. */
export const updateAccount = async (tx: Write, accountId: string, changes: Partial<NewAccount>, now: number): Promise<Account | null> => {
  const row = await tx
    .updateTable("accounts")
    .set({
      updated_at: now,
      ...(changes.name !== undefined && { name: changes.name }),
      ...(changes.externalId !== undefined && { external_id: changes.externalId }),
      ...(changes.metadata !== undefined && { metadata: toJson(changes.metadata) }),
      ...(changes.logFor !== undefined && { log_for: changes.logFor }),
      ...(changes.mapping !== undefined && { mapping: toJson(changes.mapping) }),
      ...(changes.globalRule !== undefined && { global_rule: (changes.globalRule ? 1 : 0) as Flag }),
      ...(changes.returnUrls !== undefined && { return_urls: toJson(changes.returnUrls) }),
      ...(changes.neverLog !== undefined && { never_log: toJson(changes.neverLog.map((entry) => entry.toLowerCase())) }),
    })
    .where("id", "=", accountId)
    .returningAll()
    .executeTakeFirst();
  return row ? toAccount(row) : null;
};

const toAccount = (row: Selectable<Tables["accounts"]>): Account => ({
  id: row.id,
  externalId: row.external_id,
  name: row.name,
  metadata: fromJson<Json>(row.metadata),
  logFor: row.log_for,
  neverLog: fromJson<string[]>(row.never_log),
  mapping: fromJson<Partial<Mapping>>(row.mapping),
  globalRule: row.global_rule === 1,
  returnUrls: fromJson<string[]>(row.return_urls),
  hasContacts: row.has_contacts === 1,
  eventSeq: row.event_seq,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  erasedAt: row.erased_at,
});

/** Whoever else locks the account waits until the transaction ends. */
export const lockAccount = async (tx: Write, accountId: string): Promise<void> => {
  await locking(tx, tx.selectFrom("accounts").select("id").where("id", "=", accountId)).execute();
};
