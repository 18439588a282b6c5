import { type DatabaseConnection, type Dialect, PostgresDialect } from "kysely";
import pg from "pg";
import type { Log } from "../ports/connector.ts";

/** OIDs of pg_type. */
const int8 = 20;
const numeric = 1700;
const bytea = 17;

/** Counts and times fit a double; blobs are the plain Uint8Array that SQLite gives. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (oid === int8 || oid === numeric) return Number;
    const parse = pg.types.getTypeParser(oid, format);
    return oid === bytea ? (text: string) => Uint8Array.from(parse(text) as Buffer) : parse;
  },
};

/** Kysely's way to PostgreSQL through a pool of at most `max` connections. */
export const postgresDialect = (options: {
  url: string;
  readonly: boolean;
  max: number;
  log: Log;
  onStatement: (sql: string) => void;
}): Dialect => {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    types,
    application_name: "bounceline",
    connectionTimeoutMillis: 10_000,
    // Not in Kysely's hook below: what fails there keeps its place in the pool for ever.
    onConnect: (client) => prepareConnection(client, options.readonly),
  });
  // A connection's error (57P01, a restarted server) ends a process that does not listen. The pool listens to idle ones and replaces
  // them; one that is in use and waits between two statements of a transaction fails with its next statement.
  pool.on("error", (error) => options.log.warn({ error: error.message }, "a database connection was lost"));
  pool.on("connect", (client) => void client.on("error", () => {}));
  return new PostgresDialect({ pool, onCreateConnection: async (connection) => watchStatements(connection, options.onStatement) });
};

const prepareConnection = async (client: pg.ClientBase, readonly: boolean): Promise<void> => {
  // Statements planned on empty tables and then kept fell to a tenth of the speed: each is planned for its own values.
  await client.query("set plan_cache_mode = force_custom_plan");
  // A process that is stopped in the middle must not hold its locks for ever: a transaction waits for nothing but the database.
  await client.query("set idle_in_transaction_session_timeout = '60s'");
  if (readonly) await client.query("set default_transaction_read_only = on");
};

const watchStatements = (connection: DatabaseConnection, onStatement: (sql: string) => void): void => {
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = (query, settings) => {
    // Not before a rollback: a test that stops there would lose the connection with it.
    if (query.sql !== "rollback") onStatement(query.sql);
    return execute(query, settings);
  };
};
