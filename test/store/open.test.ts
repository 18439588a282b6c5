import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { getAccount, upsertAccount } from "../../src/store/accounts.ts";
import { backupDatabase } from "../../src/store/backup.ts";
import { lockDataDirectory } from "../../src/store/lock-data-directory.ts";
import type { Migration } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations/all.ts";
import { type OpenOptions, openDatabase } from "../../src/store/open.ts";
import { saveSeen } from "../../src/store/seen-messages.ts";
import { openLine } from "../../src/store/sqlite.ts";
import { startTcpProxy } from "../chaos/tcp-proxy.ts";
import { afterThis, emptyPlace, newKeys, onBothEngines, openNew, quiet, temporaryDirectory } from "./engines.ts";
import { accountWithInboxes, now } from "./sample-mail.ts";

const current = migrations.at(-1)?.version ?? 0;

const added: Migration = {
  version: current + 1,
  oldestRelease: "0.1.0",
  up: async (db) => void (await sql`alter table accounts add column colour text`.execute(db)),
};
const takenAway: Migration = {
  version: current + 1,
  oldestRelease: "0.2.0",
  up: async (db) => void (await sql`alter table accounts drop column metadata`.execute(db)),
};

onBothEngines("opening", (engine) => {
  const opener = async () => {
    const place = await emptyPlace(engine);
    const keys = newKeys();
    return (options: Partial<OpenOptions> = {}) => openDatabase({ ...place, keys, log: quiet, now: () => now, ...options });
  };

  test("what was written is there when it is opened again", async () => {
    const open = await opener();
    const first = await open();
    const { id } = await first.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now));
    await first.close();
    const second = await open();
    expect(await getAccount(second.read, id)).toMatchObject({ name: "Acme" });
    await second.close();
  });

  test("an older release goes on with a newer schema that only adds", async () => {
    const open = await opener();
    await (await open({ migrations: [...migrations, added], release: "0.2.0" })).close();
    const older = await open({ release: "0.1.0" });
    expect(await older.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now))).toMatchObject({ name: "Acme" });
    await older.close();
  });

  test("an older release refuses a schema that took something away, and says which release to install", async () => {
    const open = await opener();
    await (await open()).close();
    await (await open({ migrations: [...migrations, takenAway], release: "0.2.0" })).close();
    await expect(open({ release: "0.1.9" })).rejects.toMatchObject({
      code: "database_too_new",
      message: expect.stringContaining("at least 0.2.0"),
    });
    await (await open({ release: "0.2.0" })).close();
    await (await open({ release: "0.10.0" })).close();
  });

  test("a step that fails leaves the old schema, whole", async () => {
    const open = await opener();
    await (await open()).close();
    const broken: Migration = {
      ...added,
      up: async (db, which) => {
        await added.up(db, which);
        await sql`select nonsense`.execute(db);
      },
    };
    await expect(open({ migrations: [...migrations, broken] })).rejects.toThrow("nonsense");
    await (await open({ migrations: [...migrations, added] })).close();
  });

  test("two that start at once on an empty or an older database both come up", async () => {
    const open = await opener();
    for (const steps of [migrations, [...migrations, added]]) {
      const both = await Promise.all([open({ migrations: steps }), open({ migrations: steps })]);
      for (const database of both) await database.close();
    }
  });

  test("opened for reading only it reads, writes nothing and upgrades nothing", async () => {
    const open = await opener();
    const writer = await open();
    const { id } = await writer.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now));
    const reader = await open({ readonly: true });
    expect(await getAccount(reader.read, id)).toMatchObject({ name: "Acme" });
    await expect(reader.transaction((tx) => upsertAccount(tx, { name: "x" }, now))).rejects.toMatchObject({ code: "readonly" });
    await expect(sql`delete from accounts`.execute(reader.read)).rejects.toThrow(/read-?only/);
    await reader.close();
    await writer.close();
    await expect(open({ readonly: true, migrations: [...migrations, added] })).rejects.toMatchObject({ code: "readonly" });
  });

  test("a statement that the hook refuses does not run, and its error surfaces", async () => {
    const refused: string[] = [];
    let refuse = false;
    const open = await opener();
    const database = await open({
      onStatement: (statement) => {
        if (!refuse || !statement.startsWith("insert")) return;
        refused.push(statement);
        throw new Error("stopped");
      },
    });
    refuse = true;
    await expect(database.transaction((tx) => upsertAccount(tx, { name: "x" }, now))).rejects.toThrow("stopped");
    refuse = false;
    expect(refused).toHaveLength(1);
    expect(await database.read.selectFrom("accounts").selectAll().execute()).toEqual([]);
    await database.transaction((tx) => upsertAccount(tx, { name: "y" }, now));
    await database.close();
  });

  test("numbers beyond 32 bits and bytes come back as they were", async () => {
    const database = await openNew(engine);
    const bytes = new Uint8Array([0, 255, 7]);
    await database.transaction((tx) =>
      tx.insertInto("notice_sources").values({ account_id: "a", notice_id: "n", source: bytes }).execute(),
    );
    const row = await database.read.selectFrom("notice_sources").selectAll().executeTakeFirstOrThrow();
    expect(Object.getPrototypeOf(row.source)).toBe(Uint8Array.prototype);
    expect([...row.source]).toEqual([0, 255, 7]);
    const { rows } = await sql<{ big: number; n: number }>`select max(created_at) as big, count(*) as n from accounts`.execute(
      database.read,
    );
    expect(rows).toEqual([{ big: null, n: 0 }]);
    await database.transaction((tx) => upsertAccount(tx, { name: "x" }, 4_102_444_800_000));
    expect((await sql<{ big: number }>`select sum(created_at) as big from accounts`.execute(database.read)).rows).toEqual([
      { big: 4_102_444_800_000 },
    ]);
  });

  test("timers keep running while 20,000 rows are written", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    const rows = Array.from({ length: 20_000 }, (_, i) => ({
      ref: `r${i}`,
      folder: "INBOX",
      verdict: "other" as const,
      messageId: `<${i}@x>`,
      facts: null,
      receivedAt: now,
    }));
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    const begun = performance.now();
    await database.transaction((tx) => saveSeen(tx, claim?.accountId ?? "", claim?.inboxId ?? "", rows, now));
    const possible = (performance.now() - begun) / 5;
    clearInterval(timer);
    expect(ticks / possible).toBeGreaterThan(0.2);
  });
});

test("an existing SQLite file is copied before it is upgraded", async () => {
  const file = join(temporaryDirectory(), "bounceline.sqlite");
  const options = { file, keys: newKeys(), log: quiet, now: () => now };
  await (await openDatabase(options)).close();
  expect(existsSync(`${file}.before-schema-${current}`)).toBe(false);
  await (await openDatabase({ ...options, migrations: [...migrations, added] })).close();
  const copy = await openDatabase({ ...options, file: `${file}.before-schema-${current}` });
  await copy.close();
});

test("a backup of a running embedded store opens with the same key, and a PostgreSQL is backed up elsewhere", async () => {
  const keys = newKeys();
  const database = await openNew("sqlite", { keys });
  const { id } = await database.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now));
  const file = join(temporaryDirectory(), "backup.sqlite");
  await backupDatabase(database, file);
  const copy = await openDatabase({ file, keys, log: quiet, now: () => now });
  expect(await getAccount(copy.read, id)).toMatchObject({ name: "Acme" });
  await copy.close();
  await expect(backupDatabase(await openNew("postgres"), file)).rejects.toMatchObject({ code: "backup_elsewhere" });
});

test("the database file is readable by its owner alone", async () => {
  const file = join(temporaryDirectory(), "db");
  const database = await openDatabase({ file, keys: newKeys(), log: quiet, now: () => now });
  expect([file, `${file}-wal`].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
  await database.close();
});

test("a full disk is one clear sentence, and nothing of the transaction is kept", async () => {
  const database = await openNew("sqlite");
  const write = database.transaction(async (tx) => {
    await sql`pragma max_page_count = 100`.execute(tx);
    for (let i = 0; ; i += 1) {
      const source = new Uint8Array(100_000);
      await tx
        .insertInto("notice_sources")
        .values({ account_id: "a", notice_id: String(i), source })
        .execute();
    }
  });
  await expect(write).rejects.toMatchObject({ code: "disk_full", message: expect.stringContaining("disk is full") });
  expect(await database.read.selectFrom("notice_sources").select("notice_id").execute()).toEqual([]);
  await database.transaction((tx) => upsertAccount(tx, { name: "small" }, now));
});

test("a lost thread fails what waits for it and all that follows, and closing still works", async () => {
  const line = await openLine({ file: join(temporaryDirectory(), "db"), readonly: false });
  await expect(line.ask(null as never)).rejects.toMatchObject({ code: "worker_lost" });
  await expect(line.ask({ sql: "select 1", parameters: [] })).rejects.toMatchObject({ code: "worker_lost" });
  await line.close();
});

test("a second daemon on the same data directory is refused, also from another process, until the first one ends", async () => {
  const directory = temporaryDirectory();
  const release = lockDataDirectory(directory);
  expect(() => lockDataDirectory(directory)).toThrow(expect.objectContaining({ code: "data_directory_in_use" }));
  release();
  const module = new URL("../../src/store/lock-data-directory.ts", import.meta.url).href;
  const program = `const { lockDataDirectory } = await import(${JSON.stringify(module)}); lockDataDirectory(${JSON.stringify(directory)}); setTimeout(() => { globalThis.gc(); setTimeout(() => console.log("held"), 50); }, 10); setInterval(() => {}, 1000)`;
  const other = spawn(process.execPath, ["--expose-gc", "--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  afterThis(() => void other.kill("SIGKILL"));
  await once(other.stdout, "data");
  expect(() => lockDataDirectory(directory)).toThrow(expect.objectContaining({ code: "data_directory_in_use" }));
  other.kill("SIGKILL");
  await once(other, "exit");
  lockDataDirectory(directory)();
});

test("the command line can write beside a running daemon", async () => {
  const file = join(temporaryDirectory(), "data", "db");
  mkdirSync(join(file, ".."));
  const options = { file, keys: newKeys(), log: quiet, now: () => now };
  const [daemon, commandLine] = [await openDatabase(options), await openDatabase(options)];
  await Promise.all([daemon, commandLine].map((database) => database.transaction((tx) => upsertAccount(tx, { name: "x" }, now))));
  expect(await daemon.read.selectFrom("accounts").select("name").execute()).toHaveLength(2);
  await commandLine.close();
  await daemon.close();
});

test("a connection that is lost between two statements fails its transaction, and ends nothing else", async () => {
  const database = await openNew("postgres");
  const lost = database.transaction(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    await sql`select pg_terminate_backend(${rows[0]?.pid ?? 0}::int)`.execute(database.read);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await upsertAccount(tx, { name: "never" }, now);
  });
  await expect(lost).rejects.toThrow();
  await database.transaction((tx) => upsertAccount(tx, { name: "after" }, now));
});

test("connections that are cut while they are made cost no place in the pool", async () => {
  const place = await emptyPlace("postgres");
  if (!("url" in place)) throw new Error("no PostgreSQL");
  const url = new URL(place.url);
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  afterThis(() => proxy.stop());
  url.port = String(proxy.port);
  const keys = newKeys();
  await (await openDatabase({ url: place.url, keys, log: quiet, now: () => now })).close();
  const database = await openDatabase({ url: url.href, keys, log: quiet, now: () => now, connections: 2 });
  afterThis(() => database.close());
  const look = () => database.read.selectFrom("meta").select("key").execute();
  // From the greeting on, wherever it stands.
  for (let bytes = 1; bytes < 1500; bytes += 30) {
    proxy.weather({ cutAfter: () => bytes });
    proxy.breakAll();
    await look().catch(() => {});
  }
  proxy.weather({});
  proxy.breakAll();
  await look().catch(() => {});
  expect((await Promise.all([look(), look(), look()])).map((rows) => rows.length > 0)).toEqual([true, true, true]);
});
