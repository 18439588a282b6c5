import { expect, test } from "vitest";
import { upsertAccount } from "../../src/store/accounts.ts";
import { findContactByAddress, getContact, listContacts, makeContacts } from "../../src/store/contacts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { mergeContacts } from "../../src/store/merge-contacts.ts";
import { savePage } from "../../src/store/save-page.ts";
import { upsertContacts } from "../../src/store/upsert-contacts.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, notice, now, outcome, page, sentMessage } from "./sample-mail.ts";

onBothEngines("contacts", (engine) => {
  const start = async () => {
    const database = await openNew(engine);
    const account = await database.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now));
    const upsert = (...contacts: Parameters<typeof upsertContacts>[2]) =>
      database.transaction((tx) => upsertContacts(tx, account.id, contacts, now));
    return { database, accountId: account.id, upsert };
  };

  test("a contact is found by any of its addresses, however they are spelt", async () => {
    const { database, accountId, upsert } = await start();
    const [made] = await upsert({
      externalId: "1",
      name: "Jan",
      metadata: { a: 1 },
      addresses: ["Jan@Bücher.example", "jan@work.example"],
    });
    expect(made).toMatchObject({
      externalId: "1",
      name: "Jan",
      metadata: { a: 1 },
      fromCrm: true,
      addresses: ["jan@work.example", "Jan@Bücher.example"],
    });
    expect(await findContactByAddress(database.read, accountId, "JAN@xn--bcher-kva.example")).toEqual(made);
    expect(await getContact(database.read, accountId, made?.id ?? "")).toEqual(made);
    expect(await findContactByAddress(database.read, accountId, "eva@work.example")).toBeNull();
  });

  test("an upsert changes by external id, and its list of addresses is the whole list", async () => {
    const { database, accountId, upsert } = await start();
    const [made] = await upsert({ externalId: "1", name: "Jan", addresses: ["a@x.example", "b@x.example"] });
    expect(await upsert({ externalId: "1", name: "Jan N.", addresses: ["b@x.example", "c@x.example"] })).toMatchObject([
      { id: made?.id, name: "Jan N.", addresses: ["b@x.example", "c@x.example"] },
    ]);
    expect(await upsert({ externalId: "1", name: "Jan" })).toMatchObject([{ addresses: ["b@x.example", "c@x.example"] }]);
    expect(await findContactByAddress(database.read, accountId, "a@x.example")).toBeNull();
  });

  test("an address belongs to the last contact that named it, also within one call", async () => {
    const { database, accountId, upsert } = await start();
    await upsert({ externalId: "1", addresses: ["a@x.example"] });
    await upsert(
      { externalId: "2", addresses: ["a@x.example", "A@x.example"] },
      { externalId: "3", addresses: ["a@X.example"] },
      { externalId: "3", name: "three" },
    );
    expect(await findContactByAddress(database.read, accountId, "a@x.example")).toMatchObject({ externalId: "2" });
    expect((await listContacts(database.read, accountId, { externalId: "3" })).data).toMatchObject([{ name: "three", addresses: [] }]);
  });

  test("thousands come in a few statements, and a list gives all of them once", async () => {
    let statements = 0;
    const database = await openNew(engine, { onStatement: () => statements++ });
    const { id } = await database.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now));
    const many = Array.from({ length: 2000 }, (_, i) => ({ externalId: String(i), addresses: [`${i}@x.example`, `${i}@y.example`] }));
    statements = 0;
    await database.transaction((tx) => upsertContacts(tx, id, many, now));
    expect(statements).toBeLessThan(80);
    const seen = new Set<string>();
    let cursor: string | null = null;
    do {
      const list: Awaited<ReturnType<typeof listContacts>> = await listContacts(database.read, id, { limit: 200, cursor });
      for (const contact of list.data) seen.add(contact.externalId ?? "");
      cursor = list.nextCursor;
    } while (cursor);
    expect(seen.size).toBe(2000);
  });

  test("two transactions that make a contact for the same address make one", async () => {
    const { database, accountId } = await start();
    const addresses = ["b@x.example", "a@x.example", "B@x.example"];
    const made = await Promise.all([1, 2, 3].map(() => database.transaction((tx) => makeContacts(tx, accountId, addresses, now))));
    expect(made.flat()).toHaveLength(2);
    expect((await listContacts(database.read, accountId)).data.flatMap((contact) => contact.addresses).sort()).toEqual([
      "B@x.example",
      "a@x.example",
    ]);
  });

  test("merging moves addresses and timeline", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId } = claim;
    await savePage(
      database,
      page(claim, [sentMessage("a"), notice("a"), sentMessage("b", ["eva@x.example"]), notice("b", [outcome("eva@x.example")])]),
    );
    const [eva, jan] = await Promise.all(
      ["eva@x.example", "jan@customer.example"].map((address) => findContactByAddress(database.read, accountId, address)),
    );
    const ids = { fromId: eva?.id ?? "", intoId: jan?.id ?? "" };
    expect(await database.transaction((tx) => mergeContacts(tx, accountId, ids, now))).toMatchObject({
      id: jan?.id,
      addresses: ["eva@x.example", "jan@customer.example"],
    });
    expect((await listEngagements(database.read, accountId, { contactId: ids.intoId })).data).toHaveLength(2);
    expect(await getContact(database.read, accountId, ids.fromId)).toBeNull();
    expect(await database.transaction((tx) => mergeContacts(tx, accountId, ids, now))).toBeNull();
  });
});
