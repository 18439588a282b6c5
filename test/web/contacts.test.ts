import { describe, expect, it } from "vitest";
import { appendAddressEvents } from "../../src/store/addresses.ts";
import { findContactByAddress } from "../../src/store/contacts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { listErasures } from "../../src/store/erasures.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { addressHash } from "../../src/store/secrets.ts";
import { upsertContacts } from "../../src/store/upsert-contacts.ts";
import { ask, startServer, type TestServer } from "../api/server.ts";
import { demoMessage, now, worldOf } from "../sync/world.ts";
import { signedInAs } from "./browser.ts";

const gone = "nobody@customer.example";
const nasty = `Jan <script>alert("1")</script> Nowak`;

/** The contact behind the hard bounce, as the CRM knows it. */
const named = async ({ database, ours }: TestServer, name = nasty): Promise<string> => {
  const [contact] = await database.transaction((tx) =>
    upsertContacts(tx, ours.accountId, [{ externalId: "crm-88213", name, addresses: [gone] }], now),
  );
  return contact?.id ?? "";
};

/** Another inbox of the account, whose mail to the same address bounced. */
const colleague = async ({ database, ours }: TestServer): Promise<void> => {
  const inbox = await database.transaction((tx) =>
    createInbox(
      tx,
      ours.accountId,
      { provider: "memory", address: "ola@sales.example", owner: { name: "Ola <b>" }, since: now - 86_400_000, nextPollAt: now },
      now,
    ),
  );
  const other = (path: string) => {
    const message = demoMessage(path);
    // The same mail from another person: its Message-ID and words differ.
    const raw = Buffer.from(message.raw.toString().replaceAll(/<[\w.-]+@sales\.example>/g, "<ola-1@sales.example>"));
    return { ...message, raw };
  };
  await worldOf(database, ours.accountId, inbox, {
    messages: [other("Sent/postfix-unknown-user"), other("INBOX/postfix-unknown-user")],
  }).turn();
};

const cards = (body: string): number => body.match(/<li class="bounce (?!change)/g)?.length ?? 0;

describe("finding a contact", () => {
  it("by the beginning of its name, last name, address or CRM id; who bounced last without", async () => {
    const test = await startServer();
    const id = await named(test, "Jan Maria Nowak");
    const browser = await signedInAs(test, "support");
    const newest = (await browser.get("/contacts")).body;
    expect(newest).toContain(`href="/contacts/${id}"`);
    expect(newest).toContain("Hard bounce");
    for (const words of ["jan m", "NOWAK", "Nobody@cust", "crm-88", "Nowak  jan"])
      expect((await browser.get(`/contacts?q=${encodeURIComponent(words)}`)).body, words).toContain(`href="/contacts/${id}"`);
    for (const words of ["maria", "customer.example", "%", "_", '"><script>']) {
      const { status, body } = await browser.get(`/contacts?q=${encodeURIComponent(words)}`);
      expect([status, body.includes(`href="/contacts/${id}"`)], words).toEqual([200, false]);
      expect(body).not.toContain('"><script>');
    }
    expect((await browser.get("/contacts?q=%00")).status).toBe(200);
    expect((await browser.get("/contacts?q=zzz")).body).toContain("Type less of it");
  });

  it("from a bounce on the timeline", async () => {
    const test = await startServer();
    const id = await named(test);
    const browser = await signedInAs(test, "sales", "anna@sales.example");
    expect((await browser.get("/timeline")).body).toContain(`<a href="/contacts/${id}">${gone}</a>`);
    expect((await browser.get(`/contacts/${id}`)).status).toBe(200);
  });
});

describe("a contact's page", () => {
  it("says who it is, whether mail may go there, what bounced and how it came to that; hostile words stay words", async () => {
    const test = await startServer();
    const id = await named(test);
    const owner = await signedInAs(test, "owner");
    const { body } = await owner.get(`/contacts/${id}`);
    expect(body).toContain("<h1>Jan &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; Nowak</h1>");
    expect(body).toContain("crm-88213");
    expect(body).toContain("<dt>Hard bounce reason</dt><dd>Unknown user</dd>");
    expect(body).toContain("Allowed, but it will probably bounce.");
    expect(body).toMatch(/Left out since 25 Nov 2026, 16:00: Unknown user\./);
    expect(body).toContain('<blockquote lang="en">550 5.1.1 &lt;nobody@customer.example&gt;');
    expect(body).toContain("Hard bounce: a notice of failure");
    expect(body).not.toContain("<script>");
    expect(body.match(/<h([1-6])/g)?.map((tag) => Number(tag.slice(2)))).toEqual([1, 2, 3, 2, 3]);
  });

  it("opens notices where their provider has a page for them", async () => {
    const test = await startServer();
    const { data } = await listEngagements(test.database.read, test.ours.accountId, { state: ["hard"] });
    const browser = await signedInAs(test, "sales", "anna@sales.example");
    expect((await browser.get(`/contacts/${data[0]?.contactId}`)).body).toContain(String(data[0]?.noticeId));
    await test.database.transaction((tx) =>
      tx.updateTable("inboxes").set({ provider: "linked" }).where("id", "=", test.ours.inboxId).execute(),
    );
    const { body } = await browser.get(`/contacts/${data[0]?.contactId}`);
    expect(body).toContain('href="https://mail.example/anna@sales.example?INBOX/postfix-unknown-user"');
    expect(body).toContain("(with access to anna@sales.example)");
  });

  it("says in Polish what it says in English", async () => {
    const test = await startServer();
    const id = await named(test);
    const owner = await signedInAs(test, "owner");
    const { body } = await owner.get(`/contacts/${id}?language=pl`);
    expect(body).toContain("<dt>Powód twardego odrzucenia</dt><dd>Nieznany użytkownik</dd>");
    expect(body).toContain("Dozwolona, ale zapewne zostanie odrzucona.");
    expect(body).toContain("Odblokuj kontakt");
  });

  it("without a bounce tells how many messages were watched", async () => {
    const test = await startServer();
    const fine = "eva@customer.example";
    const message = { messageId: "<m1@sales.example>", sentAt: new Date(now).toISOString(), recipients: [{ address: fine }] };
    await ask(test.server, test.ours.write, "POST", "/v1/sent-messages", { messages: [message] });
    await test.database.transaction((tx) =>
      upsertContacts(
        tx,
        test.ours.accountId,
        [
          { externalId: "fine", addresses: [fine] },
          { externalId: "new", addresses: ["new@x.example"] },
        ],
        now,
      ),
    );
    const owner = await signedInAs(test, "owner");
    const idOf = async (address: string) => (await findContactByAddress(test.database.read, test.ours.accountId, address))?.id;
    expect((await owner.get(`/contacts/${await idOf(fine)}`)).body).toContain("1 messages watched since 25 Nov 2026, 17:00");
    expect((await owner.get(`/contacts/${await idOf("new@x.example")}`)).body).toContain("no message to them was watched yet");
  });
});

describe("unbouncing", () => {
  it("with a note makes the address usable in the person's name, and stands on the timeline", async () => {
    const test = await startServer();
    const id = await named(test);
    const browser = await signedInAs(test, "sales", "anna@sales.example");
    await browser.get(`/contacts/${id}`);
    const done = await browser.submit(`/contacts/${id}/unbounce`, { note: 'They <b>wrote</b> from "home"' });
    expect(done.url).toBe(`/contacts/${id}?done=unbounced`);
    expect(done.body).toContain("The address can be used again.");
    expect(done.body).toContain(`The sales made ${gone} usable again`);
    expect(done.body).toContain("They &lt;b&gt;wrote&lt;/b&gt;");
    expect(done.body).not.toContain("Left out since");
    expect(done.body).not.toContain(`action="/contacts/${id}/unbounce"`);
    expect(cards(done.body)).toBe(1);
    const address = (await ask(test.server, test.ours.read, "GET", `/v1/addresses/${gone}`)).json;
    expect([address.marketing.eligible, address.text]).toEqual([true, "Made usable again by The sales on 25 Nov 2026, 17:00."]);
  });

  it("without a note, or of somebody else's address, changes nothing", async () => {
    const test = await startServer();
    const id = await named(test);
    const owner = await signedInAs(test, "owner");
    await owner.get(`/contacts/${id}`);
    const refused = await owner.submit(`/contacts/${id}/unbounce`, { note: "  " });
    expect([refused.status, refused.body]).toEqual([422, expect.stringContaining("Nothing was changed: say why")]);
    expect((await owner.submit(`/contacts/${id}/unbounce`, { note: "x", address: "grey@customer.example" })).status).toBe(404);
    expect((await ask(test.server, test.ours.read, "GET", `/v1/addresses/${gone}`)).json.marketing.eligible).toBe(false);
  });

  it("a reply that was seen stands on the timeline too", async () => {
    const test = await startServer();
    const id = await named(test);
    const event = { addressKey: gone, id: "alive/2026-11-25", event: { kind: "alive", at: now } } as const;
    await test.database.transaction((tx) => appendAddressEvents(tx, test.ours.accountId, [event], false, now));
    const owner = await signedInAs(test, "owner");
    const { body } = await owner.get(`/contacts/${id}`);
    expect(body).toContain(`A reply came from ${gone}`);
    expect(body).toContain("<dt>Last reply seen</dt>");
  });
});

it("an appeal takes the global rule from an address, which has no hard bounce reason of its own", async () => {
  const test = await startServer();
  const { database, keys, ours } = test;
  await ask(test.server, test.admin, "PATCH", `/v1/accounts/${ours.accountId}`, { globalRule: true });
  const reports = ["a", "b", "c"].map((name) => ({
    address_hash: addressHash(keys, "global@customer.example"),
    account_id: `acc_${name}`,
    organisation: `${name}.example`,
    at: now,
  }));
  const [contact] = await database.transaction(async (tx) => {
    await tx.insertInto("global_reports").values(reports).execute();
    return upsertContacts(tx, ours.accountId, [{ externalId: "g", name: "Gosia", addresses: ["global@customer.example"] }], now);
  });
  const owner = await signedInAs(test, "owner");
  const page = await owner.get(`/contacts/${contact?.id}`);
  expect(page.body).toContain("Left out: globally bounced.");
  expect(page.body).toContain("<dt>Hard bounce reason</dt><dd>–</dd>");
  const done = await owner.submit(`/contacts/${contact?.id}/appeal`, { note: "It works" });
  expect(done.body).toContain("The global rule no longer counts");
  expect(done.body).not.toContain("Left out: globally bounced.");
  const again = await owner.submit(`/contacts/${contact?.id}/appeal`, {
    note: "x",
    address: "global@customer.example",
    csrf: /name="csrf" value="([^"]+)"/.exec(done.body)?.[1] ?? "",
  });
  expect(again.status).toBe(422);
  expect(await database.read.selectFrom("global_appeals").select(["said_by", "note"]).execute()).toEqual([
    { said_by: "The owner", note: "It works" },
  ]);
});

describe("sales users", () => {
  it("see contacts of their own bounces alone, and of colleagues' bounces a warning", async () => {
    const test = await startServer();
    const id = await named(test);
    const alone = await signedInAs(test, "sales", "anna@sales.example");
    expect((await alone.get(`/contacts/${id}`)).body).not.toContain("this address bounced on");
    await colleague(test);
    const { body } = await alone.get(`/contacts/${id}`);
    expect(cards(body)).toBe(1);
    expect(body).toContain("Mail from Ola &lt;b&gt; to this address bounced on 25 Nov 2026, 16:00.");
    const support = await signedInAs(test, "support");
    const all = (await support.get(`/contacts/${id}`)).body;
    expect([cards(all), all.includes("this address bounced on")]).toEqual([2, false]);
  });

  it("find, see and change nothing of others", async () => {
    const test = await startServer();
    const id = await named(test);
    const { data } = await listEngagements(test.database.read, test.ours.accountId, { state: ["hard"] });
    const other = await signedInAs(test, "sales", "eva@sales.example");
    const list = (await other.get("/contacts")).body;
    expect(list).toContain("No contact has a bounce yet.");
    const csrf = /name="csrf" value="([^"]+)"/.exec(list)?.[1] ?? "";
    expect((await other.get("/contacts?q=nobody")).body).not.toContain(id);
    for (const url of [`/contacts/${id}`, `/sends/${data[0]?.sentMessageId}`, `/sends/${data[0]?.sentMessageId}/recipients.csv`])
      expect((await other.get(url)).status, url).toBe(404);
    expect((await other.submit(`/contacts/${id}/unbounce`, { csrf, note: "x", address: gone })).status).toBe(404);
    for (const url of [`/contacts/${id}/merge`, `/contacts/${id}/erase`, "/sends"]) expect((await other.get(url)).status, url).toBe(403);
    expect((await other.submit(`/contacts/${id}/merge`, { csrf, from: id })).status).toBe(403);
    expect((await other.submit(`/contacts/${id}/erase`, { csrf, sure: "yes" })).status).toBe(403);
  });

  it("nobody sees contacts or messages of another account", async () => {
    const test = await startServer();
    const { data } = await listEngagements(test.database.read, test.theirs.accountId, { state: ["hard"] });
    const owner = await signedInAs(test, "owner");
    const { contactId, sentMessageId } = data[0] ?? {};
    for (const url of [`/contacts/${contactId}`, `/contacts/${contactId}/merge`, `/contacts/${contactId}/erase`, `/sends/${sentMessageId}`])
      expect((await owner.get(url)).status, url).toBe(404);
  });
});

it("two contacts become one, after a look at both", async () => {
  const test = await startServer();
  const id = await named(test);
  await test.database.transaction((tx) =>
    upsertContacts(
      tx,
      test.ours.accountId,
      [
        { externalId: "crm-2", name: "Jan N.", addresses: ["jan@home.example"] },
        { externalId: "crm-3", addresses: ["nameless@home.example"] },
      ],
      now,
    ),
  );
  const support = await signedInAs(test, "support");
  expect((await support.get(`/contacts/${id}/merge?address=no@x.example`)).body).toContain("No contact has the address “no@x.example”.");
  expect((await support.get(`/contacts/${id}/merge?address=${gone}`)).body).toContain("belongs to this contact already");
  expect((await support.get(`/contacts/${id}/merge?address=jan@home.example`)).body).toContain("Jan N. · jan@home.example · crm-2");
  expect((await support.get(`/contacts/${id}/merge?address=nameless@home.example`)).body).toContain(
    "<dd>nameless@home.example · crm-3</dd>",
  );
  await support.get(`/contacts/${id}/merge?address=jan@home.example`);
  const merged = await support.submit(`/contacts/${id}/merge`);
  expect(merged.url).toBe(`/contacts/${id}?done=merged`);
  expect(merged.body).toContain("jan@home.example, nobody@customer.example");
  expect((await support.get(`/contacts/${id}/erase`)).status).toBe(403);
});

it("a person is erased by an owner who has read what goes, and the receipt stays in its place", async () => {
  const test = await startServer();
  const id = await named(test);
  const owner = await signedInAs(test, "owner");
  const page = await owner.get(`/contacts/${id}/erase`);
  expect(page.body).toContain("messages and notices that were about this person alone");
  await owner.submit(`/contacts/${id}/erase`);
  expect((await owner.get(`/contacts/${id}`)).status).toBe(200);
  await owner.get(`/contacts/${id}/erase`);
  const receipt = await owner.submit(`/contacts/${id}/erase`, { sure: "yes" });
  expect(receipt.body).toContain("It found nothing that still mentions this person.");
  expect(receipt.body).toContain('<code>engagements</code></th><td class="number">1</td>');
  expect((await owner.get(`/contacts/${id}`)).status).toBe(404);
  const [erasure] = (await listErasures(test.database.read, test.ours.accountId)).data;
  expect(erasure).toMatchObject({ subjectId: id, leftBehind: {}, by: expect.stringMatching(/^session:usr_/) });
  const rows = await test.database.read.selectFrom("contacts").select(["name_key", "name_turned"]).where("id", "=", id).execute();
  expect(rows).toEqual([]);
});
