/**
 * A worker of its own process, for tests that harm it: the whole daemon with short intervals. Told `{ clock }` it believes that it
 * is so many milliseconds later; with NEXT_RELEASE it is a release whose schema has a step that this one does not know.
 */
import { sql } from "kysely";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import type { Migration } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations/all.ts";

let clock = 0;
process.on("message", (told: { clock: number }) => {
  clock = told.clock;
});

/** What a release may do beside an older one: it adds, and fills what it added. */
const next: Migration = {
  version: (migrations.at(-1)?.version ?? 0) + 1,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql`alter table inboxes add column of_next text not null default 'new'`.execute(db);
    await sql`alter table engagements add column of_next text`.execute(db);
    await sql`update engagements set of_next = state`.execute(db);
    await sql`create table of_next (id text not null primary key)`.execute(db);
  },
};

const config = loadConfig(process.env, process.cwd());
const upgrade = process.env.NEXT_RELEASE ? { release: "0.2.0", migrations: [...migrations, next] } : {};
const house = await openHouse(
  { ...config, sync: { ...config.sync, pollEverySeconds: 1, turnSeconds: 5, inboxesAtOnce: 4 } },
  { now: () => Date.now() + clock, ...upgrade },
);
await runDaemon(house);
process.send?.("ready");
