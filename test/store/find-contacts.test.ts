import { sql } from "kysely";
import { expect, test } from "vitest";
import { beginningWith } from "../../src/store/beginning-with.ts";
import { listColleagueBounces } from "../../src/store/colleague-bounces.ts";
import { contactTimeline } from "../../src/store/contact-timeline.ts";
import { findContactByAddress } from "../../src/store/contacts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { findContacts, listBouncedContacts } from "../../src/store/find-contacts.ts";
import { mergeContacts } from "../../src/store/merge-contacts.ts";
import type { Migration } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations/all.ts";
import { readNoticePlaces } from "../../src/store/notices.ts";
import { openDatabase } from "../../src/store/open.ts";
import { registerSentMessages } from "../../src/store/register-sent-messages.ts";
import { savePage } from "../../src/store/save-page.ts";
import { listSendRecipients } from "../../src/store/send-recipients.ts";
import { listSends, readSendFigures } from "../../src/store/sends.ts";
import { countSentTo } from "../../src/store/sent-messages.ts";
import { unbounce } from "../../src/store/unbounce.ts";
import { upsertContacts } from "../../src/store/upsert-contacts.ts";
import { emptyPlace, newKeys, onBothEngines, openNew, quiet } from "./engines.ts";
import { accountWithInboxes, delayed, notice, now, outcome, page, sentMessage } from "./sample-mail.ts";

const day = 86_400_000;

onBothEngines("contacts and sends on pages", (engine) => {
  /** Two inboxes: jan bounced in both, eva in the first, ola in the second; everybody is known to the CRM. */
  const start = async () => {
    const database = await openNew(engine);
    const [first, second] = await accountWithInboxes(database, 2);
    if (!first || !second) throw new Error("no inboxes");
    const { accountId } = first;
    await database.transaction((tx) =>
      upsertContacts(
        tx,
        accountId,
        [
          { externalId: "A-1", name: "Jan Maria Łukasiewicz", addresses: ["jan@x.example", "jan@home.example"] },
          { externalId: "a-2", name: "Ewa Żak", addresses: ["eva@x.example"] },
          { externalId: "b%_3", name: "Ola", addresses: ["ola@y.example"] },
        ],
        now,
      ),
    );
    const bounced = (name: string, to: string, ago: number) => [
      sentMessage(name, [to]),
      notice(name, [outcome(to)], { receivedAt: now - ago }),
    ];
    await savePage(database, page(first, [...bounced("j1", "jan@x.example", 3000), ...bounced("e1", "eva@x.example", 2000)]));
    await savePage(
      database,
      page(second, [
        ...bounced("j2", "jan@x.example", 1000).map((one) => ({ ...one, envelope: { ...one.envelope, folder: "B" } })),
        ...bounced("o1", "ola@y.example", 500),
      ]),
    );
    const idOf = async (address: string) => (await findContactByAddress(database.read, accountId, address))?.id ?? "";
    return { database, accountId, first, second, idOf };
  };

  test("a contact is found by the beginning of an address, a name, its last word or an external id, and by nothing else", async () => {
    const { database, accountId, first, idOf } = await start();
    const find = async (words: string, inboxIds?: string[]) =>
      (await findContacts(database.read, accountId, words, { inboxIds })).data.map(({ name }) => name?.split(" ")[0]);
    const found = [];
    for (const words of ["JAN@", "jan maria łuk", "ŁUKASIEWICZ  jan", "A-", "a-", "żak", "b%", "ola", "%", "maria", "x.example", "zz\0z"])
      found.push([words, await find(words)]);
    expect(found).toEqual([
      ["JAN@", ["Jan"]],
      ["jan maria łuk", ["Jan"]],
      ["ŁUKASIEWICZ  jan", ["Jan"]],
      ["A-", ["Jan"]],
      ["a-", ["Ewa"]],
      ["żak", ["Ewa"]],
      ["b%", ["Ola"]],
      ["ola", ["Ola"]],
      ["%", []],
      ["maria", []],
      ["x.example", []],
      ["zz\0z", []],
    ]);
    expect([await find("ola", [first.inboxId]), await find("ewa", [first.inboxId]), await find("ewa", [])]).toEqual([[], ["Ewa"], []]);
    // A name that changes is found as it is now; addresses that were merged in are the one contact's.
    await database.transaction((tx) => upsertContacts(tx, accountId, [{ externalId: "a-2", name: "Ewa Nowa" }], now));
    const contacts = { fromId: await idOf("ola@y.example"), intoId: await idOf("jan@x.example") };
    await database.transaction((tx) => mergeContacts(tx, accountId, contacts, now));
    expect([await find("żak"), await find("nowa"), await find("ola@")]).toEqual([[], ["Ewa"], ["Jan"]]);
  });

  test("an upgrade finds contacts of the release before by their first name", async () => {
    const [place, keys] = [await emptyPlace(engine), newKeys()];
    const open = (steps: readonly Migration[]) => openDatabase({ ...place, keys, log: quiet, now: () => now, migrations: steps });
    const before = await open(migrations.filter(({ version }) => version < 15));
    const accountId = await before.transaction(async (tx) => {
      await sql`insert into contacts (account_id, id, external_id, name, metadata, from_crm, created_at, updated_at)
        values ('acc_1', 'con_1', '1', 'JAN Nowak', '{}', 1, 0, 0)`.execute(tx);
      return "acc_1";
    });
    await before.close();
    const after = await open(migrations);
    expect((await findContacts(after.read, accountId, "jan n")).data.map(({ id }) => id)).toEqual(["con_1"]);
    await after.close();
  });

  test("the beginning of a text is looked up in an index, whatever the database's collation", async () => {
    const { database } = await start();
    const explain = engine === "sqlite" ? sql`explain query plan` : sql`explain`;
    for (const [table, column, index] of [
      ["contacts", "name_key", "contacts_name"],
      ["contacts", "name_turned", "contacts_name_turned"],
      ["contacts", "external_id", engine === "sqlite" ? "sqlite_autoindex_contacts" : "contacts_external"],
      ["contact_addresses", "address_key", engine === "sqlite" ? "PRIMARY KEY" : "contact_addresses_address"],
      ["engagements", "recipient_key", engine === "sqlite" ? "engagements_recipient" : "engagements_recipient_begins"],
    ] as const) {
      const plan = await database.transaction(async (tx) => {
        if (engine === "postgres") await sql`set local enable_seqscan = off`.execute(tx);
        const begins = beginningWith(tx, column, "jan");
        return sql`${explain} select 1 from ${sql.table(table)} where account_id = 'acc_1' and ${begins}`.execute(tx);
      });
      const words = JSON.stringify(plan.rows);
      expect(words, column).toContain(index);
      // Both ends of the range are asked of the index, not of each row of the account.
      expect(words, column).toMatch(
        engine === "sqlite" ? new RegExp(`${column}>\\? AND ${column}<\\?`) : new RegExp(`Index Cond.*${column} ~>=~`),
      );
    }
  });

  test("more than fifty say so", async () => {
    const { database, accountId } = await start();
    const many = Array.from({ length: 60 }, (_, n) => ({ externalId: `many-${n}`, name: `Many ${n}`, addresses: [`many${n}@x.example`] }));
    await database.transaction((tx) => upsertContacts(tx, accountId, many, now));
    const found = await findContacts(database.read, accountId, "many");
    expect([found.data.length, found.more, (await findContacts(database.read, accountId, "jan")).more]).toEqual([50, true, false]);
  });

  test("who bounced last comes first, each once, page by page, in the inboxes one sees", async () => {
    const { database, accountId, first } = await start();
    const list = async (options: { inboxIds?: string[]; limit?: number; cursor?: string | null }) => {
      const found = await listBouncedContacts(database.read, accountId, options);
      return [found.data.map(({ contact, occurredAt }) => `${contact.name?.split(" ")[0]} ${now - occurredAt}`), found.nextCursor] as const;
    };
    expect(await list({})).toEqual([["Ola 500", "Jan 1000", "Ewa 2000"], null]);
    expect(await list({ inboxIds: [first.inboxId] })).toEqual([["Ewa 2000", "Jan 3000"], null]);
    expect(await list({ inboxIds: [] })).toEqual([[], null]);
    const [one, cursor] = await list({ limit: 2 });
    expect([one, (await list({ limit: 2, cursor }))[0]]).toEqual([["Ola 500", "Jan 1000"], ["Ewa 2000"]]);
  });

  test("a timeline holds bounces and address changes in order, page by page", async () => {
    const { database, accountId, first, idOf } = await start();
    await database.transaction((tx) => unbounce(tx, accountId, "jan@x.example", "Eva", "why", now - 2000));
    const contact = { id: await idOf("jan@x.example"), addresses: ["Jan@x.example"] };
    const all: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const found: Awaited<ReturnType<typeof contactTimeline>> = await contactTimeline(database.read, accountId, contact, {
        limit: 1,
        cursor,
      });
      all.push(...found.data.map(({ bounce, change, at }) => `${now - at} ${bounce?.state ?? `${change?.event.kind} ${change?.address}`}`));
      cursor = found.nextCursor;
      if (cursor === null) break;
    }
    expect(all).toEqual(["1000 hard", "2000 unbounced Jan@x.example", "3000 hard"]);
    const own = await contactTimeline(database.read, accountId, contact, { inboxIds: [first.inboxId] });
    expect(own.data.map(({ at }) => now - at)).toEqual([2000, 3000]);
  });

  test("colleagues' bounces of an address are told, for so long", async () => {
    const { database, accountId, first, second } = await start();
    const told = async (since: number, ownInboxIds: string[]) =>
      (await listColleagueBounces(database.read, accountId, ["jan@x.example"], { ownInboxIds, since })).map(({ inboxId }) => inboxId);
    expect(await told(now - day, [first.inboxId])).toEqual([second.inboxId]);
    expect(await told(now - day, [])).toEqual([second.inboxId, first.inboxId]);
    expect(await told(now - 999, [first.inboxId])).toEqual([]);
    expect(await listColleagueBounces(database.read, accountId, [], { ownInboxIds: [], since: 0 })).toEqual([]);
  });

  test("bounces are narrowed to the beginning of an address, or to a domain", async () => {
    const { database, accountId } = await start();
    const found = async (recipientBegins: string) =>
      (await listEngagements(database.read, accountId, { recipientBegins })).data.map(({ recipient }) => recipient.address);
    expect([await found("jan"), await found("@y.example"), await found("@example"), await found("%")]).toEqual([
      ["jan@x.example", "jan@x.example"],
      ["ola@y.example"],
      [],
      [],
    ]);
  });

  test("a notice's place is its mailbox and what it is called there; messages to an address are counted", async () => {
    const { database, accountId, first } = await start();
    const { data } = await listEngagements(database.read, accountId, { recipientBegins: "eva@" });
    const id = data[0]?.noticeId ?? "";
    expect(await readNoticePlaces(database.read, accountId, [id, "ntc_none"])).toEqual(
      new Map([[id, { provider: "imap", mailbox: "anna0@sales.example", inboxId: first.inboxId, ref: "bounce-e1" }]]),
    );
    expect(await countSentTo(database.read, accountId, ["jan@x.example"])).toEqual({ count: 2, since: now - 3_600_000 });
    expect(await countSentTo(database.read, accountId, ["nobody@x.example"])).toEqual({ count: 0, since: null });
  });

  test("sends are listed newest first, with their recipients and figures, and so is one message", async () => {
    const { database, accountId, first } = await start();
    const send = (name: string, sendId: string, sentAt: number, to: string[]) => {
      const sent = sentMessage(name, to).sent as Parameters<typeof registerSentMessages>[2][number];
      return { ...sent, sendId, sentAt, subject: `About ${name}`, kind: "marketing" as const };
    };
    const messages = [
      send("m1", "spring", now - 3 * day, ["a@x.example", "b@x.example", "c@x.example"]),
      send("m2", "spring", now - day, ["d@x.example"]),
      send("m3", "Autumn", now - 2 * day, ["a@x.example"]),
    ];
    await database.transaction((tx) => registerSentMessages(tx, accountId, messages, now));
    await database.transaction((tx) =>
      upsertContacts(tx, accountId, [{ externalId: "s", addresses: ["a@x.example", "b@x.example", "c@x.example"] }], now),
    );
    await savePage(
      database,
      page(first, [
        notice("m1", [outcome("a@x.example", { diagnostic: "550 <b>" })], { ref: "n1" }),
        notice("m1", [delayed("b@x.example")], { ref: "n2" }),
      ]),
    );
    const sends = await listSends(database.read, accountId, { limit: 1 });
    const next = await listSends(database.read, accountId, { limit: 1, cursor: sends.nextCursor });
    expect([...sends.data, ...next.data]).toEqual([
      { sendId: "spring", subject: "About m2", lastSentAt: now - day },
      { sendId: "Autumn", subject: "About m3", lastSentAt: now - 2 * day },
    ]);
    expect(next.nextCursor).toBeNull();
    expect(await readSendFigures(database.read, accountId, { sendId: "spring" })).toEqual({
      recipients: 4,
      states: { hard: 1, pending: 1 },
    });
    expect(await readSendFigures(database.read, accountId, { sendId: "none" })).toEqual({ recipients: 0, states: {} });
    const { data } = await listSendRecipients(database.read, accountId, { sendId: "spring" }, { state: ["hard"] });
    expect(data).toMatchObject([
      { address: "a@x.example", category: "unknown_user", reason: "userunknown", diagnostic: "550 <b>", language: "en" },
    ]);
    const sentMessageId = data[0]?.sentMessageId ?? "";
    const one = await listSendRecipients(database.read, accountId, { sentMessageId }, {});
    expect(one.data.map(({ address, state }) => `${address} ${state}`)).toEqual([
      "a@x.example hard",
      "b@x.example pending",
      "c@x.example null",
    ]);
    expect((await readSendFigures(database.read, accountId, { sentMessageId })).recipients).toBe(3);
  });
});
