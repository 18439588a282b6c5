import { type Kysely, sql } from "kysely";
import type { Tables } from "../ports/database.ts";

/**
 * Tells SQLite's planner what the data is like: few accounts, each with very many rows. Without statistics it takes every first column
 * of an index for as telling as the next, and walks a whole account to find one message; and ANALYZE on the small database of a new
 * installation would tell it nothing better. SQLite reads these rows as if it had counted ("The SQLite Query Optimizer Overview",
 * sqlite_stat1). PostgreSQL counts by itself.
 */
export const writeStatistics = async (db: Kysely<Tables>): Promise<void> => {
  // Makes the table; of what it counted nothing stays.
  await sql`analyze`.execute(db);
  await sql`delete from sqlite_stat1`.execute(db);
  for (const { table, index, partial } of await listIndexes(db)) {
    const { rows } = await sql<{ name: string | null }>`select name from pragma_index_info(${index}) order by seqno`.execute(db);
    const stat = statistic(
      rows.map(({ name }) => name ?? ""),
      partial === 1 ? 1_000 : 1_000_000,
    );
    await sql`insert into sqlite_stat1 (tbl, idx, stat) values (${table}, ${index}, ${stat})`.execute(db);
  }
  // Reads them, in this connection; others read them when they open.
  await sql`analyze sqlite_schema`.execute(db);
};

const listIndexes = async (db: Kysely<Tables>): Promise<{ table: string; index: string; partial: number }[]> => {
  const { rows } = await sql<{ table: string; index: string; partial: number }>`
    select m.name as "table", i.name as "index", i.partial as partial from sqlite_master m, pragma_index_list(m.name) i
    where m.type = 'table' and m.name not like 'sqlite_%' order by 1, 2`.execute(db);
  return rows;
};

/** How many values a column has in a million rows, about; the others have as many as there are rows. */
const values: { readonly [column: string]: number } = {
  account_id: 2,
  inbox_id: 50,
  state: 5,
  kind: 5,
  webhook_id: 5,
  eligible: 2,
  send_id: 200,
  recipient_domain: 5_000,
  category: 10,
  reason: 5,
  subject: 10_000,
};

/** Rows in all, then for each column how many of them are alike in it and those before it. */
const statistic = (columns: readonly string[], rows: number): string => {
  let alike = rows;
  const counts = columns.map((column) => {
    alike = Math.max(1, Math.round(alike / (values[column] ?? rows)));
    return alike;
  });
  return [rows, ...counts].join(" ");
};
