import { type RawBuilder, sql } from "kysely";
import type { Read } from "../ports/database.ts";

/**
 * True where a column begins with a text: a range by bytes, which an index serves whatever the collation of a PostgreSQL database is
 * (there the index must have text_pattern_ops; PostgreSQL manual, 11.10).
 */
export const beginningWith = (read: Read, column: string, text: string): RawBuilder<boolean> => {
  // What no text of ours holds, and PostgreSQL takes in none.
  const from = text.replaceAll("\0", "");
  const [notBefore, before] = read.getExecutor().adapter.supportsMultipleConnections ? ["~>=~", "~<~"] : [">=", "<"];
  const name = sql.ref(column);
  return sql<boolean>`(${name} ${sql.raw(notBefore)} ${from} and ${name} ${sql.raw(before)} ${`${from}\u{10ffff}`})`;
};
