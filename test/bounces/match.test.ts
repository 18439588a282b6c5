import { describe, expect, it } from "vitest";
import { addressKey, idKey } from "../../src/bounces/keys.ts";
import { type Candidate, confirmMatch, idsNamed, matchReport as matchIn, type NoticeContext } from "../../src/bounces/match.ts";
import type { RecipientOutcome, Report } from "../../src/bounces/report.ts";

const outcome = (address: string, more: Partial<RecipientOutcome> = {}): RecipientOutcome => ({
  address,
  originalAddress: null,
  action: "failed",
  status: "5.1.1",
  smtpCode: 550,
  type: "hard",
  category: "unknown_user",
  reason: "userunknown",
  rule: "status-5.1.1",
  diagnostic: null,
  remoteMta: null,
  willRetryUntil: null,
  ...more,
});

type Naming = { embedded?: string; originalReferences?: string[]; inReplyTo?: string[]; own?: string };

const report = (recipients: RecipientOutcome[], naming: Naming): Report => ({
  verdict: "bounce",
  kind: "failure",
  format: "rfc3464",
  recipients,
  original: {
    messageId: naming.embedded ?? null,
    subject: null,
    from: null,
    to: [],
    references: naming.originalReferences ?? [],
    date: null,
    foundIn: null,
  },
  inReplyTo: naming.inReplyTo ?? [],
  notice: { messageId: naming.own ?? null, from: null, subject: null, date: null },
  reportingMta: null,
  evidence: [],
  language: null,
  parserVersion: "test",
});

const sent = (id: string, messageIds: string[], to: string[], cc: string[] = [], more: Partial<Candidate> = {}): Candidate => ({
  sentMessageId: id,
  idKeys: messageIds.map(idKey),
  threadId: null,
  subject: "Offer",
  from: "anna@sales.example",
  sentAt: receivedAt - 60_000,
  recipients: [
    ...to.map((address) => ({ addressKey: addressKey(address), address, role: "to" as const })),
    ...cc.map((address) => ({ addressKey: addressKey(address), address, role: "cc" as const })),
  ],
  ...more,
});

const day = 86_400_000;
const receivedAt = Date.UTC(2026, 10, 25, 17);
const context: NoticeContext = { threadId: null, receivedAt, own: new Set(["anna@sales.example"]), waitingIsOver: false };
const matchReport = (about: Report, candidates: Candidate[], more: Partial<NoticeContext> = {}) =>
  matchIn(about, candidates, { ...context, ...more });

const jan = outcome("jan@customer.example");

describe("the ids a notice names", () => {
  it("are believed in this order: embedded, In-Reply-To, References; each once; never the notice's own", () => {
    const named = idsNamed(
      report([jan], {
        embedded: "<o@s.example>",
        inReplyTo: ["<O@S.example>", "<r@s.example>", "<own@mx.example>"],
        own: "<own@mx.example>",
      }),
    );
    expect(named).toEqual([
      { id: "o@s.example", via: "embedded_message_id", ancestor: false },
      { id: "r@s.example", via: "references", ancestor: true },
    ]);
  });
});

describe("matching by an id", () => {
  it("ties the failed recipient to the message that was returned", () => {
    const [answer] = matchReport(report([jan], { embedded: "<o@s.example>" }), [
      sent("msg_1", ["<o@s.example>"], ["Jan@Customer.example"]),
    ]);
    expect(answer?.match).toMatchObject({ sentMessageId: "msg_1", relation: "same", rule: "embedded_message_id", confidence: "certain" });
  });

  it("finds which of several recipients failed, a Cc too", () => {
    const message = sent("msg_1", ["<o@s.example>"], ["anna@customer.example"], ["jan@customer.example"]);
    const answers = matchReport(report([jan], { inReplyTo: ["<o@s.example>"] }), [message]);
    expect(answers.map((a) => a.match?.recipient)).toMatchObject([{ address: "jan@customer.example", role: "cc" }]);
    expect(answers[0]?.match?.rule).toBe("in_reply_to");
  });

  it("answers for every recipient by itself, and leaves out what was only passed on", () => {
    const message = sent("msg_1", ["<o@s.example>"], ["jan@customer.example", "eva@customer.example", "ola@customer.example"]);
    const notice = report(
      [
        jan,
        outcome("eva@customer.example", { action: "delayed", type: "pending" }),
        outcome("ola@customer.example", { action: "relayed", type: "none" }),
      ],
      { embedded: "<o@s.example>" },
    );
    expect(matchReport(notice, [message]).map((a) => a.match?.recipient.address)).toEqual(["jan@customer.example", "eva@customer.example"]);
  });

  it("takes an address in another spelling of its domain for the same", () => {
    const [answer] = matchReport(report([outcome("jan@xn--bcher-kva.example")], { embedded: "<o@s.example>" }), [
      sent("msg_1", ["<o@s.example>"], ["jan@bücher.example", "x@y.example"]),
    ]);
    expect(answer?.match?.relation).toBe("same");
  });

  it("ties a member's failure to the alias that was written to", () => {
    const notice = report([outcome("member@corp.example", { originalAddress: "team@customer.example" })], { embedded: "<o@s.example>" });
    const [answer] = matchReport(notice, [sent("msg_1", ["<o@s.example>"], ["team@customer.example", "x@y.example"])]);
    expect(answer?.match).toMatchObject({ relation: "alias", recipient: { address: "team@customer.example" } });
  });

  it("takes a strange address for a forward when the message had one recipient only, and says it is likely", () => {
    const [answer] = matchReport(report([outcome("jan@private.example")], { embedded: "<o@s.example>" }), [
      sent("msg_1", ["<o@s.example>"], ["jan@customer.example"]),
    ]);
    expect(answer?.match).toMatchObject({ relation: "forward", confidence: "likely", recipient: { address: "jan@customer.example" } });
  });

  it("only suggests when a strange address could belong to several recipients", () => {
    const [answer] = matchReport(report([outcome("who@private.example")], { embedded: "<o@s.example>" }), [
      sent("msg_1", ["<o@s.example>"], ["a@customer.example", "b@customer.example"]),
    ]);
    expect(answer?.match).toBeNull();
    expect(answer?.suggestions).toEqual([{ sentMessageId: "msg_1", rule: "embedded_message_id" }]);
    expect(answer?.because).toContain("who@private.example was not among its recipients");
  });

  it("ties nothing to a message nobody here sent", () => {
    const [answer] = matchReport(report([jan], { embedded: "<forged@s.example>" }), [
      sent("msg_1", ["<o@s.example>"], ["jan@customer.example"]),
    ]);
    expect([answer?.match, answer?.suggestions]).toEqual([null, []]);
  });

  it("does not tie a notice to an earlier message of the thread while the message itself may still appear in Sent", () => {
    const earlier = sent("msg_0", ["<first@s.example>"], ["jan@customer.example"]);
    const notice = report([jan], {
      embedded: "<second@s.example>",
      originalReferences: ["<first@s.example>"],
      inReplyTo: ["<second@s.example>", "<first@s.example>"],
    });
    expect(matchReport(notice, [earlier])[0]?.match).toBeNull();
    expect(matchReport(notice, [earlier], { waitingIsOver: true })[0]?.match).toMatchObject({
      sentMessageId: "msg_0",
      rule: "references",
      confidence: "likely",
    });
  });
});

/** A notice with no id, as gateways write them: recipient, subject and time. */
const bare = (subject: string | null, original: Partial<Report["original"]> = {}, recipients = [jan]): Report => {
  const about = report(recipients, {});
  return { ...about, notice: { ...about.notice, subject }, original: { ...about.original, ...original } };
};

const toJan = (id: string, more: Partial<Candidate> = {}): Candidate => sent(id, [], ["jan@customer.example"], [], more);

describe("matching without an id", () => {
  const offer = toJan("msg_1");

  it("by the provider's conversation and the recipient", () => {
    const threads = [toJan("msg_0", { threadId: "t1", sentAt: receivedAt - day }), toJan("msg_1", { threadId: "t2" })];
    const [answer] = matchReport(bare("[Postmaster] Email Delivery Failure"), threads, { threadId: "t1" });
    expect(answer?.match).toMatchObject({ sentMessageId: "msg_0", rule: "thread", confidence: "likely", trusted: true });
  });

  it.each(["Offer", "Undeliverable: Offer", "Unzustellbar: Re: OFFER", "Nie można dostarczyć:  Offer", "RE: Fwd: Non remis : offer"])(
    "by recipient, subject and sender: %s",
    (subject) => {
      const [answer] = matchReport(bare(subject), [offer, toJan("msg_2", { subject: "Invoice" })]);
      expect(answer?.match).toMatchObject({ sentMessageId: "msg_1", rule: "recipient_subject", confidence: "likely", trusted: false });
    },
  );

  it("by the returned subject rather than the notice's own", () => {
    const [answer] = matchReport(bare("Mail delivery failed", { subject: "Re: Offer", from: "anna@sales.example" }), [offer]);
    expect(answer?.match?.rule).toBe("recipient_subject");
  });

  it("not when another sender's, older than a week, later than the notice, or to somebody else", () => {
    for (const other of [
      toJan("msg_1", { from: "eva@other.example" }),
      toJan("msg_1", { sentAt: receivedAt - 8 * day }),
      toJan("msg_1", { sentAt: receivedAt + 2 * 3_600_000 }),
      sent("msg_1", [], ["ola@customer.example"]),
    ]) {
      expect(matchReport(bare("Undeliverable: Offer"), [other])[0]?.match, JSON.stringify(other)).toBeNull();
    }
  });

  it("only suggests where several fit equally, the newest first", () => {
    const [answer] = matchReport(bare("Undeliverable: Offer"), [toJan("msg_0", { sentAt: receivedAt - day }), offer]);
    expect(answer?.match).toBeNull();
    expect(answer?.suggestions).toEqual([
      { sentMessageId: "msg_1", rule: "recipient_subject" },
      { sentMessageId: "msg_0", rule: "recipient_subject" },
    ]);
  });

  it("recipient and time alone are a suggestion", () => {
    const [answer] = matchReport(bare("Email Delivery Failure"), [offer]);
    expect([answer?.match, answer?.suggestions]).toEqual([null, [{ sentMessageId: "msg_1", rule: "recipient_time" }]]);
    expect(answer?.because).toContain("only recipient and time fit");
  });

  it("waits for a named id before it believes subject and recipient, since the last letter may have had them too", () => {
    const notice = bare("Undeliverable: Offer", { messageId: "<second@s.example>", subject: "Offer" });
    expect(matchReport(notice, [offer])[0]).toMatchObject({ match: null, suggestions: [] });
    expect(matchReport(notice, [offer], { waitingIsOver: true })[0]?.match).toMatchObject({ rule: "recipient_subject", trusted: false });
  });

  it("a receipt closes nothing without an id", () => {
    const receipt = outcome("jan@customer.example", { action: "delivered", type: "none" });
    expect(matchReport(bare("Offer", {}, [receipt]), [offer])[0]).toMatchObject({ match: null, suggestions: [] });
  });
});

describe("a notice that is not from whom it says", () => {
  it("is tied, but not trusted", () => {
    const about = report([jan], { embedded: "<o@s.example>" });
    const forged = { ...about, notice: { ...about.notice, authenticated: false } };
    const message = sent("msg_1", ["<o@s.example>"], ["jan@customer.example"]);
    expect(matchReport(forged, [message])[0]?.match).toMatchObject({ rule: "embedded_message_id", trusted: false });
    expect(matchReport(about, [message])[0]?.match).toMatchObject({ trusted: true });
  });
});

describe("what a person confirmed", () => {
  it("ties the notice to the message that was chosen, and says who chose it", () => {
    const chosen = sent("msg_1", [], ["jan@customer.example", "x@y.example"]);
    expect(confirmMatch(jan, chosen, "Ola").match).toMatchObject({
      rule: "confirmed",
      trusted: true,
      confirmedBy: "Ola",
      relation: "same",
    });
    expect(confirmMatch(jan, sent("msg_1", [], ["a@customer.example", "b@customer.example"]), "Ola").match).toBeNull();
  });
});
