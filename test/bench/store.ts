/**
 * `npm run bench:store`: how long a match and a timeline take in an account of 1,000,000 sent messages and 50,000 engagements, on
 * both engines. Four messages in five go to one of 200,000 contacts each, evenly; the fifth to one of 500, who have 400 each.
 * MESSAGES=100000 runs a smaller one; ENGINES=sqlite one engine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { addressKey, idKey } from "../../src/bounces/keys.ts";
import type { Database } from "../../src/ports/database.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { openDatabase } from "../../src/store/open.ts";
import { savePage } from "../../src/store/save-page.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { findSentByIds, findSentToRecipients } from "../../src/store/sent-messages.ts";
import { startPostgres } from "../setup/postgres.ts";
import { accountWithInboxes, notice, now, outcome, page, sentMessage } from "../store/sample-mail.ts";

const messages = Number(process.env.MESSAGES ?? 1_000_000);
const engines = (process.env.ENGINES ?? "sqlite,postgres").split(",");
const reads = Number(process.env.READS ?? 5_000);
const perPage = 500;
const minute = 60_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const addressOf = (n: number): string => (n % 5 === 0 ? `busy${(n / 5) % 500}@customer.example` : `p${n % 250_000}@customer.example`);

/** Sent messages over 90 days, the newest first; a notice for one in twenty. */
const messagesOfPage = (first: number) =>
  Array.from({ length: perPage }, (_, i) => {
    const n = first + i;
    const message = sentMessage(`m${n}`, [addressOf(n)]);
    if (message.sent) message.sent.sentAt = now - 60 * minute - n * Math.floor((90 * 86_400_000) / messages);
    return n % 20 === 1 ? [message, notice(`m${n}`, [outcome(addressOf(n))])] : [message];
  }).flat();

const fill = async (database: Database): Promise<string> => {
  const [claim] = await accountWithInboxes(database);
  if (!claim) throw new Error("no inbox");
  const began = performance.now();
  for (let first = 0; first < messages; first += perPage) {
    await savePage(database, page(claim, messagesOfPage(first)));
    if ((first / perPage) % 100 === 99) process.stderr.write(`\r${first + perPage} of ${messages} messages stored`);
  }
  process.stderr.write("\n");
  const seconds = (performance.now() - began) / 1000;
  console.log(`  stored at ${Math.round(messages / seconds)} messages a second`);
  return claim.accountId;
};

const measure = async (name: string, read: (n: number) => Promise<unknown[]>): Promise<void> => {
  const times: number[] = [];
  let rows = 0;
  // A walk over all of them in an order without order: no read finds its neighbour's pages at hand.
  for (let i = 0; i < reads + 200; i += 1) {
    const n = (i * 7_919_993) % messages;
    const began = performance.now();
    const found = await read(n);
    if (i < 200) continue;
    times.push(performance.now() - began);
    rows += found.length;
  }
  if (rows === 0) throw new Error(`${name}: nothing was found, so nothing was measured`);
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(2);
  console.log(`  ${name.padEnd(34)} p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  ${(rows / reads).toFixed(1)} rows a read`);
};

const run = async (engine: string, place: { file: string } | { url: string }, keyFile: string): Promise<void> => {
  console.log(`${engine}, ${messages} sent messages, ${Math.ceil(messages / 20)} engagements`);
  const keys = loadKeys({ keyFile, allowCreate: true });
  const database = await openDatabase({ ...place, keys, log: quiet, now: () => now });
  try {
    const accountId = await fill(database);
    // In life autovacuum has been by long before an account is this large.
    if (engine === "PostgreSQL") await sql`vacuum analyze`.execute(database.read);
    const contacts = await database.read.selectFrom("contact_addresses").select(["address_key", "contact_id"]).execute();
    const contactOf = new Map(contacts.map((row) => [row.address_key, row.contact_id]));
    await measure("match by a named id", async (n) => [
      ...(await findSentByIds(database.read, accountId, [idKey(`<m${n}@sales.example>`)])).values(),
    ]);
    await measure("match by recipient and time", (n) => {
      const sentAt = now - 60 * minute - n * Math.floor((90 * 86_400_000) / messages);
      const week = { after: sentAt - 7 * 86_400_000, before: sentAt + 2 * 3_600_000 };
      return findSentToRecipients(database.read, accountId, [addressKey(addressOf(n))], week);
    });
    // One contact in a few has bounces: n runs over those.
    await measure("timeline of a contact", async (n) => {
      const bounced = n - (n % 20) + 1;
      const contactId = contactOf.get(addressKey(addressOf(bounced))) ?? "";
      return (await listEngagements(database.read, accountId, { contactId, limit: 50 })).data;
    });
  } finally {
    await database.close();
  }
};

const folder = mkdtempSync(join(tmpdir(), "bounceline-bench-"));
try {
  if (engines.includes("sqlite")) await run("SQLite", { file: join(folder, "bench.sqlite") }, join(folder, "key"));
  if (engines.includes("postgres")) {
    // A quarter of the machine's memory, as PostgreSQL's manual advises (20.4.1); by default it takes 128 MB.
    const server = await startPostgres([`shared_buffers=${Math.floor(totalmem() / 4 / 2 ** 20)}MB`]);
    try {
      await run("PostgreSQL", { url: server.url }, join(folder, "key"));
    } finally {
      await server.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
