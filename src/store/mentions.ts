import { sql } from "kysely";
import type { Read, Tables, Write } from "../ports/database.ts";
import type { RowCounts } from "./erasures.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";

/** Columns that hold words or objects, in which somebody's address can stand, with what names a row of their table. */
export const wordColumns = {
  seen_messages: { key: ["inbox_id", "ref"], columns: ["facts", "near_miss"] },
  sent_messages: { key: ["id"], columns: ["metadata", "subject"] },
  contacts: { key: ["id"], columns: ["name", "name_key", "name_turned", "metadata"] },
  notices: { key: ["id"], columns: ["matches", "report"] },
  notice_decisions: { key: ["notice_id"], columns: ["note", "offered"] },
  notice_shares: { key: ["notice_id"], columns: ["note"] },
  engagements: { key: ["id"], columns: ["folded"] },
  engagement_history: { key: ["engagement_id", "fingerprint"], columns: ["fingerprint", "entry"] },
  traces: { key: ["inbox_id", "ref"], columns: ["steps"] },
  address_events: { key: ["address_key", "id"], columns: ["entry"] },
  addresses: { key: ["address_key"], columns: ["folded"] },
  global_appeals: { key: ["address_hash"], columns: ["note"] },
  webhooks: { key: ["id"], columns: ["last_error"] },
  webhook_letters: { key: ["webhook_id", "seq"], columns: ["error"] },
  crm_connections: { key: ["kind"], columns: ["last_error"] },
  crm_dead_letters: { key: ["seq"], columns: ["error"] },
  events: { key: ["seq"], columns: ["data"] },
  owed: { key: ["inbox_id", "ref"], columns: ["envelope", "error"] },
} as const satisfies { readonly [table in keyof Tables]?: { key: readonly string[]; columns: readonly string[] } };

export type WordTable = keyof typeof wordColumns;

/** What stands where a mention was. */
const inItsPlace = "[erased]";

type Row = { [column: string]: string | number | null };

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/**
 * What finds an address or an id in a text, and no longer one that it is the end or the beginning of: jan@x.example is not in
 * bojan@x.example, nor in jan@x.example.org. An address is also found as bounce addresses write it (VERP: jan=x.example).
 */
export const mentionOf = (words: readonly string[]): RegExp => {
  const plain = words.map((word) => `(?<![\\p{L}\\p{N}._+=-])${escaped(word)}`);
  const verp = words.filter((word) => word.includes("@")).map((word) => `(?<![\\p{L}\\p{N}._])${escaped(word.replace("@", "="))}`);
  return new RegExp(`(?:${[...plain, ...verp].join("|")})(?![\\p{L}\\p{N}-]|\\.[\\p{L}\\p{N}])`, "giu");
};

/** The words, and how they stand in JSON and in VERP, as patterns of LIKE. */
const patternsOf = (words: readonly string[]): string[] => {
  const forms = words.flatMap((word) => [word, JSON.stringify(word).slice(1, -1), word.replace("@", "=")]);
  return [...new Set(forms.map((form) => form.toLowerCase()))].map((form) => `%${form.replace(/[\\%_]/g, "\\$&")}%`);
};

/** Rows of a table that mention one of the words. All rows of the account are walked: for erasures, which are rare. */
export const findMentions = async (read: Read, accountId: string, table: WordTable, words: readonly string[]): Promise<Row[]> => {
  const { key, columns } = wordColumns[table];
  const wanted = [...new Set<string>([...key, ...columns])];
  const likes = columns.flatMap((column) => patternsOf(words).map((pattern) => sql`lower(${sql.ref(column)}) like ${pattern} escape '\\'`));
  const { rows } = await sql<Row>`select ${sql.join(wanted.map((column) => sql.ref(column)))} from ${sql.table(table)}
    where account_id = ${accountId} and (${sql.join(likes, sql` or `)})`.execute(read);
  const mention = mentionOf(words);
  return rows.filter((row) => columns.some((column) => String(row[column] ?? "").search(mention) >= 0));
};

const isRow = (table: WordTable, row: Row) =>
  sql.join(
    wordColumns[table].key.map((column) => sql`${sql.ref(column)} = ${row[column]}`),
    sql` and `,
  );

/** Takes the words out of every text of a table; how many rows held them. */
export const replaceMentions = async (tx: Write, accountId: string, table: WordTable, words: readonly string[]): Promise<number> => {
  const rows = await findMentions(tx, accountId, table, words);
  const mention = mentionOf(words);
  for (const row of rows) {
    const changes = wordColumns[table].columns
      .filter((column) => row[column] !== null)
      .map((column) => sql`${sql.ref(column)} = ${String(row[column]).replace(mention, inItsPlace)}`);
    await sql`update ${sql.table(table)} set ${sql.join(changes)} where account_id = ${accountId} and ${isRow(table, row)}`.execute(tx);
  }
  return rows.length;
};

/** The log keeps its numbers without a hole; of an event that mentions one of the words only its type and time stay. */
export const blankEvents = async (tx: Write, accountId: string, words: readonly string[]): Promise<number> => {
  const rows = await findMentions(tx, accountId, "events", words);
  return blank(
    tx,
    accountId,
    rows.map((row) => Number(row.seq)),
  );
};

/** The same for what engagements did to addresses. */
export const blankAddressEvents = async (tx: Write, accountId: string, engagementIds: ReadonlySet<string>): Promise<number> => {
  const rows = await tx
    .selectFrom("events")
    .select(["seq", "data"])
    .where("account_id", "=", accountId)
    .where("type", "in", ["address.ineligible", "address.eligible"])
    .execute();
  const of = rows.filter(({ data }) => engagementIds.has(fromJson<{ engagementId?: string }>(data).engagementId ?? ""));
  return blank(
    tx,
    accountId,
    of.map(({ seq }) => seq),
  );
};

const blank = async (tx: Write, accountId: string, sequences: readonly number[]): Promise<number> => {
  await inBatches(sequences, (batch) =>
    tx.updateTable("events").set({ data: '{"erased":true}' }).where("account_id", "=", accountId).where("seq", "in", batch).execute(),
  );
  return sequences.length;
};

/** Rows that mention one of the words, by table; tables without one are left out. */
export const countMentions = async (read: Read, accountId: string, words: readonly string[]): Promise<RowCounts> => {
  const found: RowCounts = {};
  for (const table of Object.keys(wordColumns) as WordTable[]) {
    const { length } = await findMentions(read, accountId, table, words);
    if (length > 0) found[table] = length;
  }
  return found;
};
