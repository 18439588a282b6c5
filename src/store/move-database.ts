import { isDeepStrictEqual } from "node:util";
import { sql } from "kysely";
import type { Database, Read, Tables, Write } from "../ports/database.ts";
import { StoreError } from "./errors.ts";

type Table = keyof Tables;
type Row = Record<string, unknown>;

export type Moved = { table: string; rows: number };

/**
 * Copies everything of a store into an empty one, in one transaction of the target: all of it or nothing. Every row is read back and
 * compared before that ends. The source is only read, and nobody may write to it meanwhile. Both have the present schema and the same
 * keys. Tells each table when it is done. Throws StoreError `target_not_empty`, or `move_failed` where a row did not come out as it was.
 */
export const moveDatabase = async (source: Database, target: Database, onTable: (moved: Moved) => void): Promise<Moved[]> => {
  const tables = await dataTables(source.read);
  const filled = await filledTables(target.read, tables);
  if (filled.length > 0) {
    throw new StoreError(
      "target_not_empty",
      `The target has data already (${filled.join(", ")}): nothing was written. Name an empty database.`,
    );
  }
  return target.transaction(async (tx) => {
    const all: Moved[] = [];
    for (const table of tables) {
      const moved = { table, rows: await moveTable(source.read, tx, table) };
      all.push(moved);
      onTable(moved);
    }
    return all;
  });
};

/** What is not the installation's own: each store writes its schema's version and its keys' check values itself. */
const dataTables = async (read: Read): Promise<Table[]> => {
  const found = await sql<{ name: Table }>`
    select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name <> 'meta' order by name`.execute(read);
  return found.rows.map(({ name }) => name);
};

const filledTables = async (read: Read, tables: readonly Table[]): Promise<Table[]> => {
  const filled: Table[] = [];
  for (const table of tables) if (await read.selectFrom(table).select(sql.lit(1).as("one")).limit(1).executeTakeFirst()) filled.push(table);
  return filled;
};

const primaryKey = async (read: Read, table: Table): Promise<string[]> => {
  const found = await sql<{ name: string }>`select name from pragma_table_info(${table}) where pk > 0 order by pk`.execute(read);
  return found.rows.map(({ name }) => name);
};

const rowsAtOnce = 500;

const moveTable = async (read: Read, tx: Write, table: Table): Promise<number> => {
  const key = await primaryKey(read, table);
  let count = 0;
  for (let after: Row | null = null; ; ) {
    const rows = await readPage(read, table, key, after);
    if (rows.length > 0) {
      await tx
        .insertInto(table)
        .values(rows as never)
        .execute();
      await compare(tx, table, key, rows);
    }
    count += rows.length;
    after = rows.at(-1) ?? null;
    if (rows.length < rowsAtOnce) break;
  }
  const { there } = await tx
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as("there"))
    .executeTakeFirstOrThrow();
  if (Number(there) !== count) throw moveFailed(table, `${count} rows became ${there}`);
  return count;
};

const readPage = async (read: Read, table: Table, key: readonly string[], after: Row | null): Promise<Row[]> => {
  let query = read.selectFrom(table).selectAll().limit(rowsAtOnce);
  for (const column of key) query = query.orderBy(sql.ref(column));
  if (after) query = query.where(sql<boolean>`(${columns(key)}) > (${sql.join(key.map((column) => after[column]))})`);
  return (await query.execute()) as Row[];
};

const columns = (names: readonly string[]) => sql.join(names.map((name) => sql.ref(name)));

const compare = async (tx: Write, table: Table, key: readonly string[], rows: readonly Row[]): Promise<void> => {
  const nameOf = (row: Row): string => JSON.stringify(key.map((column) => row[column]));
  const tuples = rows.map((row) => sql`(${sql.join(key.map((column) => row[column]))})`);
  const found = (await tx
    .selectFrom(table)
    .selectAll()
    .where(sql<boolean>`(${columns(key)}) in (${sql.join(tuples)})`)
    .execute()) as Row[];
  const written = new Map(found.map((row) => [nameOf(row), row]));
  const other = rows.find((row) => !isDeepStrictEqual(plain(written.get(nameOf(row))), plain(row)));
  if (other) throw moveFailed(table, `the row ${nameOf(other)} did not come out as it was`);
};

/** Blobs come as a Buffer from one driver and as a Uint8Array from the other. */
const plain = (row: Row | undefined): Row | undefined =>
  row &&
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value]),
  );

const moveFailed = (table: string, because: string) =>
  new StoreError("move_failed", `In the table ${table} ${because}. Nothing was moved; please report it.`);
