import type { SelectQueryBuilder } from "kysely";
import type { Tables, Write } from "../ports/database.ts";

/**
 * Locks the rows a query finds until the transaction ends. The query sorts them, so that two transactions with the same rows wait
 * for each other and do not block for ever. On SQLite there is nobody to lock out: one write transaction runs at a time.
 */
export const locking = <Table extends keyof Tables, Row>(
  tx: Write,
  query: SelectQueryBuilder<Tables, Table, Row>,
): SelectQueryBuilder<Tables, Table, Row> => (tx.getExecutor().adapter.supportsMultipleConnections ? query.forUpdate() : query);
