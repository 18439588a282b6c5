import { type Kysely, sql } from "kysely";
import type { Log } from "../ports/connector.ts";
import type { Tables } from "../ports/database.ts";
import { StoreError } from "./errors.ts";
import { copyDatabase } from "./sqlite.ts";
import { writeStatistics } from "./sqlite-statistics.ts";

/** One step of the schema. Numbered from 1 without holes; never changed once released. */
export type Migration = {
  version: number;
  /**
   * The oldest release that works with the schema after this step. A step that only adds keeps its predecessor's; one that
   * takes something away names the first release that does without it.
   */
  oldestRelease: string;
  up(db: Kysely<Tables>, engine: "sqlite" | "postgres"): Promise<void>;
};

type MigrateOptions = {
  engine: "sqlite" | "postgres";
  file: string | null;
  readonly: boolean;
  migrations: readonly Migration[];
  release: string;
  now: number;
  log: Log;
};

/**
 * Brings the schema up to date, all steps in one transaction. A newer schema is left alone when it says that this release
 * still works with it. An existing SQLite file is copied first, beside itself, as `<file>.before-schema-<version>`.
 */
export const migrate = async (db: Kysely<Tables>, options: MigrateOptions): Promise<void> => {
  const found = await readVersion(db, options.engine);
  refuseNewer(found, options);
  const newest = options.migrations.at(-1)?.version ?? 0;
  if (found.version >= newest) return;
  if (options.readonly) throw new StoreError("readonly", "The database has an older schema; run `bounceline migrate` first.");
  if (options.file !== null && found.version > 0) {
    // Not the copy of a schema that another process upgraded meanwhile.
    const isOld = async () => (await readVersion(db, options.engine)).version === found.version;
    await copyDatabase(db, `${options.file}.before-schema-${found.version}`, isOld);
  }
  await db.transaction().execute(async (tx) => {
    if (options.engine === "postgres") await lock(tx);
    // Read again: another process may have done it while we waited for the lock.
    const { version } = await readVersion(tx, options.engine);
    const due = options.migrations.filter((step) => step.version > version);
    for (const step of due) await step.up(tx, options.engine);
    const last = due.at(-1);
    if (last) await writeVersion(tx, last, options.now);
    if (last && options.engine === "sqlite") await writeStatistics(tx);
  });
  if (found.version > 0) options.log.info({ from: found.version, to: newest }, "the database schema was upgraded");
};

type Found = { version: number; oldestRelease: string };

const readVersion = async (db: Kysely<Tables>, engine: MigrateOptions["engine"]): Promise<Found> => {
  if (!(await hasMeta(db, engine))) return { version: 0, oldestRelease: "0.0.0" };
  const rows = await db.selectFrom("meta").selectAll().where("key", "in", ["schema_version", "oldest_release"]).execute();
  const values = new Map(rows.map((row) => [row.key, row.value]));
  return { version: Number(values.get("schema_version") ?? 0), oldestRelease: values.get("oldest_release") ?? "0.0.0" };
};

const hasMeta = async (db: Kysely<Tables>, engine: MigrateOptions["engine"]): Promise<boolean> => {
  const query =
    engine === "sqlite"
      ? sql<{ found: string | null }>`select max(name) as found from sqlite_master where type = 'table' and name = 'meta'`
      : sql<{ found: string | null }>`select to_regclass('meta')::text as found`;
  return (await query.execute(db)).rows[0]?.found != null;
};

const refuseNewer = ({ version, oldestRelease }: Found, { migrations, release }: MigrateOptions): void => {
  const known = migrations.at(-1)?.version ?? 0;
  if (version <= known || compareReleases(release, oldestRelease) >= 0) return;
  throw new StoreError(
    "database_too_new",
    `The database was written by a newer Bounceline (schema ${version}; this is ${release} with schema ${known}): install at least ${oldestRelease}.`,
  );
};

/** Numeric, by the three parts; what follows a hyphen does not count. */
const compareReleases = (a: string, b: string): number => {
  const parts = (release: string) => (release.split("-")[0] ?? "").split(".").map(Number);
  const [left, right] = [parts(a), parts(b)];
  return left.map((part, i) => part - (right[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
};

/** Held to the transaction's end. One lock per schema, so that test runs beside each other do not wait. */
const lock = (tx: Kysely<Tables>) => sql`select pg_advisory_xact_lock(hashtext('bounceline ' || current_schema()))`.execute(tx);

const writeVersion = async (tx: Kysely<Tables>, { version, oldestRelease }: Migration, now: number): Promise<void> => {
  await tx
    .insertInto("meta")
    .values([
      { key: "schema_version", value: String(version) },
      { key: "oldest_release", value: oldestRelease },
      { key: "schema_written_at", value: new Date(now).toISOString() },
    ])
    .onConflict((conflict) => conflict.column("key").doUpdateSet((eb) => ({ value: eb.ref("excluded.value") })))
    .execute();
};
