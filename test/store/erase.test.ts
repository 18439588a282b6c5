import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { findContactByAddress } from "../../src/store/contacts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { listErasures } from "../../src/store/erasures.ts";
import { readEvents } from "../../src/store/events.ts";
import type { Claim } from "../../src/store/fence.ts";
import { mentionOf, wordColumns } from "../../src/store/mentions.ts";
import { openDatabase } from "../../src/store/open.ts";
import { registerSentMessages } from "../../src/store/register-sent-messages.ts";
import { type SavedMessage, savePage } from "../../src/store/save-page.ts";
import { unbounce } from "../../src/store/unbounce.ts";
import { upsertContacts } from "../../src/store/upsert-contacts.ts";
import { eraseContactForGood } from "../../src/sync/erase.ts";
import { emptyPlace, newKeys, onBothEngines, openNew, quiet } from "./engines.ts";
import { accountWithInboxes, envelope, notice, now, outcome, page, sentMessage, wholeDatabase } from "./sample-mail.ts";

const jan = "jan@customer.example";
const bojan = "bojan@customer.example";
const keys = newKeys();

const letter = (name: string, to: string[], subject = "Offer"): SavedMessage => {
  const message = sentMessage(name, to);
  return { ...message, sent: { ...(message.sent as NonNullable<SavedMessage["sent"]>), subject } };
};

/** Jan's letters and bounces, alone and together with Bojan's, and what else names Jan. */
const mail = (): SavedMessage[] => [
  letter("alone", [jan]),
  letter("both", [jan, bojan]),
  letter("about", [bojan], `Do you know ${jan}?`),
  notice("alone", [outcome(jan, { diagnostic: `550 5.1.1 <${jan}>: User unknown` })]),
  { ...notice("both", [outcome(jan), outcome(bojan, { diagnostic: `550 ${bojan} unknown, as is ${jan}` })]), source: gzipSync(jan) },
  notice("never-seen", [outcome(jan)], { ref: "waits" }),
  { envelope: envelope("late"), verdict: "owed", facts: null, owed: { error: `no answer for ${jan}`, dueAt: now } },
];

const start = async (database: Database): Promise<{ claim: Claim; accountId: string; contactId: string }> => {
  const [claim] = await accountWithInboxes(database);
  if (!claim) throw new Error("no inbox");
  const { accountId } = claim;
  const contact = { externalId: "crm-jan", name: "Jan Nowak", addresses: [jan, "jan.nowak@home.example"] };
  await database.transaction((tx) => upsertContacts(tx, accountId, [contact, { externalId: "crm-bojan", addresses: [bojan] }], now));
  await savePage(database, page(claim, mail()));
  await database.transaction((tx) => unbounce(tx, accountId, bojan, "anna", `not ${jan}'s`, now));
  const found = await findContactByAddress(database.read, accountId, jan);
  return { claim, accountId, contactId: found?.id ?? "" };
};

const erase = (database: Database, accountId: string, contactId: string) =>
  eraseContactForGood({ database, keys, now: () => now }, accountId, contactId, "key:k1");

onBothEngines("an erased contact", (engine) => {
  test("leaves nothing of the person, and all of everybody else", async () => {
    const database = await openNew(engine, { keys });
    const { accountId, contactId } = await start(database);
    const before = await readEvents(database.read, accountId, 0, 1000);
    const erasure = await erase(database, accountId, contactId);
    const { erasures, events, ...rest } = await wholeDatabase(database);
    const named = ["crm-jan", "Jan Nowak", "jan.nowak@home.example", contactId].filter((word) => JSON.stringify(rest).includes(word));
    expect(named).toEqual([]);
    expect(JSON.stringify([rest, events]).match(/(?<!bo)jan@customer/g)).toBeNull();
    expect(JSON.stringify(erasures)).not.toMatch(/customer\.example/);
    expect((await listEngagements(database.read, accountId)).data).toMatchObject([
      { recipient: { address: bojan }, state: "hard", server: { diagnostic: `550 ${bojan} unknown, as is [erased]` } },
    ]);
    expect(rest.sent_messages?.map((row) => JSON.parse(row)).map(({ message_id, subject }) => [message_id, subject])).toEqual(
      expect.arrayContaining([
        ["<both@sales.example>", "Offer"],
        ["<about@sales.example>", "Do you know [erased]?"],
      ]),
    );
    expect(rest.sent_messages).toHaveLength(2);
    expect(rest.notice_sources).toEqual([]);
    expect(erasure).toMatchObject({
      kind: "contact",
      subjectId: contactId,
      by: "key:k1",
      removed: {
        contacts: 1,
        contact_addresses: 2,
        engagements: 2,
        engagement_history: 2,
        notices: 2,
        sent_messages: 1,
        sent_recipients: 2,
      },
      leftBehind: {},
      checkedAt: now,
    });
    expect((await listErasures(database.read, accountId)).data).toEqual([erasure]);
    const after = await readEvents(database.read, accountId, 0, 1000);
    expect(after.map(({ sequence, type }) => [sequence, type])).toEqual([
      ...before.map(({ sequence, type }) => [sequence, type]),
      [before.length + 1, "contact.erased"],
    ]);
    expect(after.filter(({ data }) => JSON.stringify(data) === '{"erased":true}').length).toBe(erasure?.changed.events);
    expect(await erase(database, accountId, contactId)).toBeNull();
  });

  test("does not come back when the mailbox is listed again, nor when the CRM registers the letter again", async () => {
    const database = await openNew(engine, { keys });
    const { claim, accountId, contactId } = await start(database);
    await erase(database, accountId, contactId);
    const before = await wholeDatabase(database);
    const again = mail()
      .filter(({ verdict }) => verdict !== "owed")
      .map((message) => ({ ...message, envelope: { ...message.envelope, ref: `moved-${message.envelope.ref}` } }));
    await savePage(
      database,
      page(
        claim,
        again.filter(({ envelope: { ref } }) => ref.includes("alone") || ref.includes("waits")),
      ),
    );
    const letters = [letter("alone", [jan]).sent].flatMap((sent) => sent ?? []);
    expect(await database.transaction((tx) => registerSentMessages(tx, accountId, letters, now))).toEqual([""]);
    const after = await wholeDatabase(database);
    for (const table of ["sent_messages", "sent_recipients", "sent_ids", "notices", "engagements", "contacts", "events"])
      expect(after[table], table).toEqual(before[table]);
  });

  test("is found by its proof where something still names it", async () => {
    const database = await openNew(engine, { keys });
    const { claim, accountId, contactId } = await start(database);
    const transaction = database.transaction.bind(database);
    let calls = 0;
    // Between the erasure and its proof a page arrives that names the person again.
    const racing: Database["transaction"] = async (fn) => {
      const done = await transaction(fn);
      if (++calls === 1) await savePage(database, page(claim, [letter("later", [jan], `To ${jan}`)]));
      return done;
    };
    const proven = await erase({ ...database, transaction: racing }, accountId, contactId);
    expect(proven?.leftBehind).toEqual({ sent_messages: 1, sent_recipients: 1 });
  });
});

test("an erased contact cannot be read out of SQLite's files either", async () => {
  const place = (await emptyPlace("sqlite")) as { file: string };
  const database = await openDatabase({ ...place, keys, log: quiet, now: () => now });
  const { accountId, contactId } = await start(database);
  const inFiles = (): number =>
    readdirSync(dirname(place.file))
      .filter((name) => name.startsWith("bounceline.sqlite"))
      .reduce((sum, name) => sum + (readFileSync(join(dirname(place.file), name), "latin1").match(/(?<!bo)jan@customer/g)?.length ?? 0), 0);
  expect(inFiles()).toBeGreaterThan(10);
  await erase(database, accountId, contactId);
  expect(inFiles()).toBe(0);
  await database.close();
});

describe("a mention", () => {
  test.each([
    [`<${jan}>`, true],
    [`rfc822; ${jan}.`, true],
    [`"${jan}"`, true],
    [jan.toUpperCase(), true],
    ["bounces+17-jan=customer.example@sales.example", true],
    [bojan, false],
    ["x.jan@customer.example", false],
    ["jan+news@customer.example", false],
    ["jan@customer.example.org", false],
    ["jan@customer.example-mail.org", false],
    ["bojan=customer.example@sales.example", false],
  ])("in %s: %s", (text, found) => expect(mentionOf([jan]).test(text)).toBe(found));
});

/** Columns that can name nobody, or that go with their rows when somebody is erased. */
const elsewhere = new Set(
  `accounts.* users.* reminders.* idempotency_keys.* api_keys.* inboxes.* inbox_secrets.* sign_in_links.* web_sessions.* connect_links.* authorizations.* webhooks.url
  webhooks.description webhooks.types webhooks.secret webhooks.previous_secret webhooks.disabled_because crm_connections.token crm_connections.memory
  erasures.* erased_messages.* audit_log.* quotas.* request_counts.* push_inboxes.* push_watches.* slots.* meta.* global_reports.* gaps.* inbox_states.* coverage_checks.* sent_recipients.*
  contact_addresses.* crm_links.* sent_ids.* notice_waits.* notice_sources.* seen_messages.folder seen_messages.verdict seen_messages.message_key
  sent_messages.folder sent_messages.kind sent_messages.external_id sent_messages.send_id sent_messages.message_id sent_messages.unique_key
  sent_messages.from_address sent_messages.thread_id sent_messages.ref notices.folder notices.message_id notices.kind notices.format notices.state
  notices.thread_id notices.ref notices.fingerprint notice_decisions.said_by notice_shares.state engagements.recipient_key engagements.recipient_address engagements.recipient_domain
  engagements.recipient_role engagements.state engagements.category engagements.reason events.id events.type traces.message_key traces.outcome
  global_appeals.said_by contacts.external_id`.split(/\s+/),
);

test("every column that can hold words is searched, or named here", async () => {
  const database = await openNew("sqlite", { keys });
  const { rows } = await sql<{ table: string; column: string }>`select m.name as "table", c.name as "column"
    from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table' and c.type in ('text', 'bytea', 'TEXT')
    and m.name not like 'sqlite_%'`.execute(database.read);
  const missing = rows.filter(({ table, column }) => {
    const known = (wordColumns as { [name: string]: { key: readonly string[]; columns: readonly string[] } })[table];
    const isKey = column === "account_id" || column.endsWith("_id") || column === "id" || known?.key.includes(column);
    return !isKey && !known?.columns.includes(column) && !elsewhere.has(`${table}.*`) && !elsewhere.has(`${table}.${column}`);
  });
  expect(missing).toEqual([]);
});
