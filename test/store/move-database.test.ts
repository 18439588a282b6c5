import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Database, Tables } from "../../src/ports/database.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { readSecrets } from "../../src/store/inbox-secrets.ts";
import { moveDatabase } from "../../src/store/move-database.ts";
import { savePage } from "../../src/store/save-page.ts";
import { newKeys, openNew } from "./engines.ts";
import { setUp } from "./every-call.ts";
import { accountWithInboxes, page, sentMessage } from "./sample-mail.ts";

const count = async (database: Database, table: string): Promise<number> => {
  const { n } = await database.read
    .selectFrom(table as keyof Tables)
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .executeTakeFirstOrThrow();
  return Number(n);
};

const filled = async () => {
  const keys = newKeys();
  const source = await openNew("sqlite", { keys });
  const setting = await setUp(source, keys);
  return { keys, source, setting };
};

test("everything is there afterwards, row by row, credentials among it, and work goes on", { timeout: 60_000 }, async () => {
  const { keys, source } = await filled();
  // More than are read at once, with what PostgreSQL orders otherwise.
  const [claim] = await accountWithInboxes(source, 1, { name: "large" });
  if (!claim) throw new Error("no inbox");
  const messages = Array.from({ length: 1203 }, (_, i) =>
    sentMessage(`${["a", "B", "ä", "_", "Z"][i % 5]}${i}`, [`p${i}@customer.example`]),
  );
  await savePage(source, page(claim, messages));
  const target = await openNew("postgres", { keys });
  const told: string[] = [];
  const moved = await moveDatabase(source, target, ({ table }) => void told.push(table));
  expect(told).toEqual(moved.map(({ table }) => table));
  expect(moved.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(4 * 1203);
  for (const { table, rows } of moved) {
    expect(await count(target, table), table).toBe(rows);
    expect(await count(source, table), table).toBe(rows);
  }
  const [inbox] = await source.read.selectFrom("inbox_secrets").select(["account_id", "inbox_id"]).execute();
  if (!inbox) throw new Error("no credentials");
  const at = [keys, inbox.account_id, inbox.inbox_id] as const;
  expect(await readSecrets(target.read, ...at)).toEqual(await readSecrets(source.read, ...at));
  const [someone] = await source.read.selectFrom("engagements").select("account_id").execute();
  const bounces = (database: Database) => listEngagements(database.read, someone?.account_id ?? "", { limit: 200 });
  expect((await bounces(source)).data.length).toBeGreaterThan(0);
  expect(await bounces(target)).toEqual(await bounces(source));
  // The fence and the event log's counter came along: the same claim goes on there.
  await savePage(target, page(claim, [sentMessage("after", ["after@customer.example"])]));
  expect(await count(target, "sent_messages")).toBe((await count(source, "sent_messages")) + 1);
});

test("what is there already is not written over", async () => {
  const { keys, source } = await filled();
  const target = await openNew("postgres", { keys });
  const [claim] = await accountWithInboxes(target);
  await expect(moveDatabase(source, target, () => {})).rejects.toMatchObject({
    code: "target_not_empty",
    message: expect.stringMatching(/accounts.*inboxes/),
  });
  expect(await count(target, "accounts")).toBe(1);
  expect(claim).toBeDefined();
});

test("a row that does not come out as it was, or a failure in the middle, leaves the target empty", { timeout: 60_000 }, async () => {
  const { keys, source, setting } = await filled();
  expect(setting).toBeDefined();
  const target = await openNew("postgres", { keys });
  await sql`create function wrong() returns trigger language plpgsql as $$ begin new.address := upper(new.address); return new; end $$`.execute(
    target.read,
  );
  await sql`create trigger wrong before insert on sent_recipients for each row execute function wrong()`.execute(target.read);
  await expect(moveDatabase(source, target, () => {})).rejects.toMatchObject({
    code: "move_failed",
    message: expect.stringContaining("sent_recipients"),
  });
  await sql`drop trigger wrong on sent_recipients`.execute(target.read);
  const tables = ["accounts", "inboxes", "sent_recipients", "events"];
  for (const table of tables) expect(await count(target, table), table).toBe(0);
  const stop = moveDatabase(source, target, ({ table }) => {
    if (table === "notices") throw new Error("killed");
  });
  await expect(stop).rejects.toThrow("killed");
  for (const table of tables) expect(await count(target, table), table).toBe(0);
  expect((await moveDatabase(source, target, () => {})).length).toBeGreaterThan(30);
});
