import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { office365 } from "../../../connectors/office365/connector.ts";
import type { Envelope } from "../../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../../src/bounces/header-fields.ts";
import { idsOf, letter } from "../letters.ts";
import { type Office365, openOffice365, pullAll, timesAsked, toolsOf } from "./open-office365.ts";

let stage: Office365;
beforeEach(async () => {
  stage = await openOffice365();
});
afterEach(() => stage.close());

const envelopes = async (): Promise<Envelope[]> => (await pullAll(stage)).flatMap(({ messages }) => [...messages]);
/** Exchange's own notice: its sender, and in Graph's recipients those who were not reached. */
const exchangeNotice = [
  "From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@sales.example>",
  "To: anna@sales.example",
  "Subject: Nie można dostarczyć: Oferta",
  "Message-ID: <ndr-1@prod.outlook.example>",
  'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
  "",
  "--b",
  "Content-Type: text/plain",
  "",
  "Your message could not be delivered.",
  "--b",
  "Content-Type: message/delivery-status",
  "",
  "Reporting-MTA: dns; prod.outlook.example",
  "",
  "Final-Recipient: rfc822;jan@customer.example",
  "Action: failed",
  "Status: 5.1.10",
  "--b--",
  "",
].join("\r\n");

const labMails = join(import.meta.dirname, "../../fixtures/lab-mails/mails/postfix");

describe("envelopes", () => {
  test("real notices come with the header Graph lists, without a request of their own", async () => {
    const files = readdirSync(labMails).slice(0, 20);
    for (const file of files) stage.put("inbox", readFileSync(join(labMails, file)));
    const found = await envelopes();
    expect(found).toHaveLength(files.length);
    expect(found.map(({ headers }) => headers.get("from")?.[0] ?? "").filter((from) => !/mailer-daemon/i.test(from))).toEqual([]);
    expect(found.map(({ headers }) => headers.has("content-type"))).toEqual(files.map(() => true));
    expect(timesAsked(stage, "/me/messages/")).toBe(0);
  });

  test("the header is the message's own, every value of it", async () => {
    const raw = letter(
      1,
      "Received-SPF: pass\r\nAuthentication-Results: a; b\r\nAuthentication-Results: c\r\nReferences: <a@b>\r\n <c@d>\r\n",
    );
    stage.put("inbox", raw);
    const [envelope] = await envelopes();
    const wire = parseHeaderFields(Buffer.from(raw));
    for (const name of ["from", "to", "subject", "message-id", "references", "received-spf", "authentication-results"]) {
      expect(envelope?.headers.get(name), name).toEqual(wire.get(name));
    }
  });

  test("where lists leave the header out it is asked for, with the message class, at most four at once", async () => {
    stage.fake.graph.moods.deltaWithoutHeaders = true;
    const first = await pullAll(stage);
    for (let n = 1; n <= 20; n++) stage.put("inbox", letter(n, "Auto-Submitted: auto-replied\r\n"));
    const pages = await pullAll(stage, first.at(-1)?.cursor ?? null);
    const found = pages.flatMap(({ messages }) => messages);
    expect(found.map(({ headers }) => headers.get("auto-submitted"))).toEqual(found.map(() => ["auto-replied"]));
    expect(found.map(({ hints }) => hints.messageClass)).toEqual(found.map(() => "IPM.Note"));
    expect(idsOf(pages), "in the provider's order").toEqual(Array.from({ length: 20 }, (_, n) => `<${n + 1}@sales.example>`));
    expect(timesAsked(stage, "/me/messages/")).toBe(20);
    expect(stage.fake.mostOpen).toBeGreaterThan(1);
    expect(stage.fake.mostOpen).toBeLessThanOrEqual(4);
  });

  test("a tenant that refuses the question for the class is asked for the header alone, and not again for the class", async () => {
    stage.fake.graph.moods.refuseExpand = true;
    stage.put("inbox", letter(1), { hasHeader: false });
    const second = 12;
    for (let n = 2; n <= second; n++) stage.put("inbox", letter(n), { hasHeader: false });
    expect(await envelopes()).toHaveLength(second);
    expect(stage.fake.seen.filter(({ search }) => search.has("$expand")).length).toBeLessThanOrEqual(4);
  });

  test("a notice of Exchange without a header is known by its class, and names who was not reached", async () => {
    stage.put("inbox", exchangeNotice, { hasHeader: false });
    const [envelope] = await envelopes();
    expect(envelope?.hints.messageClass).toBe("REPORT.IPM.Note.NDR");
    expect(envelope?.headers.get("x-failed-recipients")).toEqual(["jan@customer.example"]);
    expect(envelope?.headers.has("to"), "those are not who got the notice").toBe(false);
    expect(envelope?.headers.get("subject")).toEqual(["Nie można dostarczyć: Oferta"]);
  });

  test("sent mail is told by Graph's own fields: no header is needed and none is asked for", async () => {
    const raw = letter(1, "Cc: Ewa <ewa@customer.example>\r\nBcc: boss@sales.example\r\nDate: Wed, 25 Nov 2026 15:50:49 +0000\r\n");
    stage.put("sentitems", raw, { hasHeader: false });
    const [envelope] = await envelopes();
    expect(Object.fromEntries(envelope?.headers ?? [])).toEqual({
      from: ['"Anna" <anna@sales.example>'],
      sender: ['"Anna" <anna@sales.example>'],
      to: ["jan@customer.example"],
      cc: ['"Ewa" <ewa@customer.example>'],
      bcc: ["boss@sales.example"],
      subject: ["Offer 1"],
      date: ["Wed, 25 Nov 2026 15:50:49 +0000"],
      "message-id": ["<1@sales.example>"],
    });
    expect(envelope?.role).toBe("sent");
    expect(timesAsked(stage, "/me/messages/")).toBe(0);
  });

  test("a message gone before its header was asked for is told by what the list said", async () => {
    stage.put("inbox", letter(1), { hasHeader: false });
    const { fake, box } = stage;
    fake.script = ({ path }) => {
      if (path.startsWith("/v1.0/me/messages/") && box.messages.length > 0) box.remove(box.find("<1@sales.example>"));
      return null;
    };
    expect((await envelopes()).map(({ headers }) => headers.get("message-id")?.[0])).toEqual(["<1@sales.example>"]);
  });
});

describe("whole messages", () => {
  test("nothing of the notice is lost though Exchange makes the MIME anew, and the folder's way to it is never taken", async () => {
    const raw = readFileSync(join(labMails, readdirSync(labMails)[0] ?? ""));
    stage.put("inbox", raw);
    const [envelope] = await envelopes();
    const session = await office365.open(stage.inbox, toolsOf(stage));
    const bytes = await session.fetchRaw(envelope?.ref ?? "", { maxBytes: 1e6 });
    const text = Buffer.from(bytes as Uint8Array).toString("latin1");
    expect(text.endsWith(raw.toString("latin1").replace(/\r?\n/g, "\r\n"))).toBe(true);
    const asked = stage.fake.seen.filter(({ path }) => path.endsWith("/$value"));
    expect(asked.map(({ path }) => path.startsWith("/v1.0/me/messages/"))).toEqual([true]);
  });
});

describe("own addresses", () => {
  test("every SMTP address of the mailbox, and nothing that is no mail", async () => {
    stage.box.proxyAddresses = ["SMTP:anna@sales.example", "smtp:Anna.Nowak@sales.example", "X500:/o=x", "SIP:anna@sales.example"];
    const { addresses, warnings } = await office365.signIn(stage.inbox, toolsOf(stage));
    expect([addresses, warnings]).toEqual([["anna@sales.example", "anna.nowak@sales.example"], []]);
  });
});
