/**
 * What the reference product's description promises a CRM's users, row by row, asked of our API. Expected words stand in texts.md; none
 * is copied from an answer of ours.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Category } from "../../src/bounces/report.ts";
import { savePage } from "../../src/store/save-page.ts";
import { claimInbox } from "../../src/store/turns.ts";
import { delayed, notice, outcome, page, sentMessage } from "../store/sample-mail.ts";
import { now } from "../sync/world.ts";
import { ask, startServer, type TestServer } from "./server.ts";

type Row = { category: Category; reason: string; status: string; en: string; pl: string; oneToOne: string; marketing: string };

const hard: Row[] = [
  {
    category: "unknown_user",
    reason: "userunknown",
    status: "5.1.1",
    en: "Hard bounce: Unknown user",
    pl: "Twarde odrzucenie: Nieznany użytkownik",
    oneToOne: "Correct the address or find another contact.",
    marketing: "Left out of marketing; correct the address.",
  },
  {
    category: "mailbox_full",
    reason: "mailboxfull",
    status: "5.2.2",
    en: "Hard bounce: Mailbox full",
    pl: "Twarde odrzucenie: Skrzynka pocztowa pełna",
    oneToOne: "Probably abandoned; reach the person another way.",
    marketing: "Left out of marketing; unbounce if the mailbox is in use.",
  },
  {
    category: "content",
    reason: "contenterror",
    status: "5.6.0",
    en: "Hard bounce: Content",
    pl: "Twarde odrzucenie: Treść",
    oneToOne: "Change text or subject, ask them to allow your address and domain, then unbounce.",
    marketing: "Ask them to allow your sending IP addresses, then unbounce.",
  },
  {
    category: "spam",
    reason: "spamdetected",
    status: "5.7.1",
    en: "Hard bounce: Spam",
    pl: "Twarde odrzucenie: Spam",
    oneToOne: "Ask them, or their IT, to allow your address and domain, then unbounce.",
    marketing: "Ask them, or their IT, to allow your sending IP addresses, then unbounce.",
  },
  {
    category: "policy",
    reason: "policyviolation",
    status: "5.7.1",
    en: "Hard bounce: Policy",
    pl: "Twarde odrzucenie: Polityka bezpieczeństwa",
    oneToOne: "Ask them, or their IT, to allow your address and domain, then unbounce.",
    marketing: "Ask them, or their IT, to allow your sending IP addresses, then unbounce.",
  },
  {
    category: "other",
    reason: "undefined",
    status: "5.0.0",
    en: "Hard bounce: Other",
    pl: "Twarde odrzucenie: Inne",
    oneToOne: "Ask them, or their IT, to allow your address and domain, then unbounce.",
    marketing: "Ask them, or their IT, to allow your sending IP addresses, then unbounce.",
  },
];

const soft: Row[] = [
  {
    category: "recipient_temporary",
    reason: "systemfull",
    status: "4.3.1",
    en: "Soft bounce: Temporary problem with the recipient's email",
    pl: "Miękkie odrzucenie: Tymczasowy problem po stronie odbiorcy",
    oneToOne: "Send again later.",
    marketing: "Clone the e-mail and send it to these contacts later.",
  },
  {
    category: "security_filter",
    reason: "greylisting",
    status: "4.7.1",
    en: "Soft bounce: Rejected by the recipient's security filter",
    pl: "Miękkie odrzucenie: Filtr bezpieczeństwa odbiorcy",
    oneToOne: "Ask to be allowed; send again later.",
    marketing: "Ask them to allow your sending IP addresses; clone the e-mail and send it later.",
  },
  {
    category: "dmarc_unauthorized",
    reason: "authfailure",
    status: "5.7.26",
    en: "Soft bounce: Not authorised to send for your domain (DMARC)",
    pl: "Miękkie odrzucenie: Brak upoważnienia DMARC w Twojej domenie",
    oneToOne: "Give this letter to your IT team.",
    marketing: "Give this letter to your IT team.",
  },
  {
    category: "temporary_technical",
    reason: "networkerror",
    status: "4.4.1",
    en: "Soft bounce: Temporary technical issue",
    pl: "Miękkie odrzucenie: Tymczasowy problem techniczny",
    oneToOne: "Send again later.",
    marketing: "Clone the e-mail and send it to these contacts later.",
  },
];

const rows = [...hard.map((row) => ({ ...row, type: "hard" as const })), ...soft.map((row) => ({ ...row, type: "soft" as const }))];

let test: TestServer;
const get = async (path: string) => (await ask(test.server, test.ours.read, "GET", path)).json;
const addressOf = (category: string): string => `${category}@customer.example`.replaceAll("_", "-");

beforeAll(async () => {
  test = await startServer();
  const { database, ours, server } = test;
  const claimed = await database.transaction((tx) => claimInbox(tx, ours.accountId, ours.inboxId, { busyUntil: now }, now + 86_400_000));
  if (!claimed) throw new Error("no claim");
  const results = rows.map(({ category, reason, status, type }) => outcome(addressOf(category), { category, reason, status, type }));
  const letters = rows.map(({ category }) => sentMessage(`one-${category}`, [addressOf(category)]));
  const mailing = {
    messageId: "<mailing@sales.example>",
    sentAt: new Date(now - 3_600_000).toISOString(),
    subject: "News",
    from: "anna@sales.example",
    kind: "marketing",
    sendId: "send-1",
    recipients: [...rows.map(({ category }) => ({ address: addressOf(category) })), { address: "fine@customer.example" }],
  };
  await ask(server, ours.write, "POST", "/v1/sent-messages", { messages: [mailing] });
  const contact = { externalId: "crm-1", addresses: [addressOf("unknown_user")] };
  await ask(server, ours.write, "POST", "/v1/contacts", { contacts: [contact] });
  await ask(server, test.admin, "PATCH", `/v1/accounts/${ours.accountId}`, { logFor: "all" });
  await savePage(
    database,
    page(claimed.claim, [
      ...letters,
      ...results.map((result, i) => notice(`one-${rows[i]?.category}`, [result], { ref: `one-${i}` })),
      ...results.map((result, i) => notice("mailing", [result], { ref: `many-${i}` })),
      sentMessage("slow", ["slow@customer.example"]),
      notice("slow", [delayed("slow@customer.example")], { ref: "slow" }),
    ]),
  );
});

describe.each(rows)("$type, $category", ({ category, reason, type, en, pl, oneToOne, marketing }) => {
  it("is on the timeline with its name in both languages, the server's words, and what to do about a one-to-one message", async () => {
    const query = `category=${category}&state=${type}&limit=200`;
    const found = (await get(`/v1/engagements?${query}&expand=sentMessage`)).data.filter(
      (each: { sentMessage: { kind: string }; recipient: { address: string } }) =>
        each.sentMessage.kind === "one_to_one" && each.recipient.address === addressOf(category),
    );
    expect(found).toHaveLength(1);
    expect(found[0].text).toMatchObject({ title: en, actions: [{ text: oneToOne }] });
    expect(found[0].server.diagnostic).toBe("550 5.1.1 User unknown");
    expect((await get(`/v1/engagements/${found[0].id}?language=pl`)).text.title).toBe(pl);
  });

  it("is among the recipients of a send, with its reason and what to do about marketing", async () => {
    const { data } = await get("/v1/sends/send-1/recipients?limit=200");
    const one = data.find((each: { address: string }) => each.address === addressOf(category));
    expect(one).toMatchObject({ state: type, category, reason, diagnostic: "550 5.1.1 User unknown" });
    expect((await get(`/v1/engagements/${one.engagementId}`)).text).toMatchObject({ title: en, actions: [{ text: marketing }] });
  });

  it(`${type === "hard" ? "leaves the address out of" : "keeps the address in"} marketing; one-to-one stays allowed`, async () => {
    const address = await get(`/v1/addresses/${addressOf(category)}`);
    expect(address.marketing.eligible).toBe(type === "soft");
    expect(address.oneToOne.eligible).toBe(true);
    expect(address.hardBounceReason).toBe(type === "hard" ? category : null);
  });
});

describe("the other rows", () => {
  it("pending: for up to 72 hours, with the time, and nothing but waiting to do", async () => {
    const { data } = await get("/v1/engagements?state=pending&limit=200");
    const slow = data.find((each: { recipient: { address: string } }) => each.recipient.address === "slow@customer.example");
    expect(slow).toMatchObject({
      pendingUntil: new Date(now - 3_600_000 + 72 * 3_600_000).toISOString(),
      text: { actions: [{ code: "wait" }] },
    });
    expect((await get("/v1/addresses/slow@customer.example")).marketing.eligible).toBe(true);
  });

  it("recipients of a send: all, those that bounced, and who got it", async () => {
    const all = (await get("/v1/sends/send-1/recipients?limit=200")).data;
    expect(all).toHaveLength(rows.length + 1);
    expect((await get("/v1/sends/send-1/recipients?state=hard&limit=200")).data).toHaveLength(hard.length);
    expect(all.find((each: { address: string }) => each.address === "fine@customer.example").state).toBeNull();
  });

  it("the hard bounce reason stands on the contact, and unbounce takes it away and keeps the bounce", async () => {
    const contactOf = async () => (await get("/v1/contacts?externalId=crm-1")).data[0];
    expect((await contactOf()).hardBounceReason).toBe("unknown_user");
    const bounces = async (): Promise<unknown[]> =>
      (await get(`/v1/contacts/${(await contactOf()).id}/timeline`)).data.filter(
        (each: { object: string }) => each.object === "engagement",
      );
    const before = await bounces();
    expect(before).toHaveLength(2);
    const asked = { note: "She has a new mailbox.", by: "Anna" };
    const done = await ask(test.server, test.ours.write, "POST", `/v1/addresses/${addressOf("unknown_user")}/unbounce`, asked);
    expect(done.json).toMatchObject({ marketing: { eligible: true }, hardBounceReason: null });
    expect((await contactOf()).hardBounceReason).toBeNull();
    expect(await bounces()).toHaveLength(2);
  });

  it("marketing asks for many addresses at once whom to leave out", async () => {
    const addresses = [addressOf("spam"), addressOf("security_filter"), "never-seen@customer.example"];
    const { json } = await ask(test.server, test.ours.read, "POST", "/v1/addresses/check", { addresses });
    expect(json.data.map((each: { marketing: { eligible: boolean } }) => each.marketing.eligible)).toEqual([false, true, true]);
  });
});
