import { describe, expect, it } from "vitest";
import { defaultMapping } from "../../src/bounces/mapping.ts";
import { ReasonTableError, readReasonTable, reasonNames, reasonTable } from "../../src/bounces/reason-table.ts";
import { reasonOf, refusedCommand } from "../../src/bounces/reasons.ts";

const row = { rule: "full", reason: "mailboxfull", words: ["mailbox full"] };

describe("the table of reason rules", () => {
  it("has a category for every reason it can give", () => {
    for (const reason of reasonNames) expect(defaultMapping[reason], reason).toBeDefined();
    expect(
      new Set([...reasonTable.rules, ...reasonTable.reasonByStatus].map((one) => ("rule" in one ? one.reason : one[1]))).size,
    ).toBeGreaterThan(28);
  });

  it.each([
    ["no list", {}, 'reason-rules.json: it has no list "rules"'],
    ["a reason nobody knows", { rules: [{ ...row, reason: "fullmailbox" }] }, 'rule 1 (full): "fullmailbox" is no reason we know'],
    ["a broken pattern", { rules: [row, { ...row, rule: "two", words: ["(open"] }] }, "rule 2 (two): Invalid regular expression"],
    ["a pattern that matches anything", { rules: [{ ...row, words: ["x*"] }] }, 'the pattern x* in "words" matches an empty line'],
    ["two rules of one name", { rules: [row, row] }, "another rule has this name"],
    ["a field nobody reads", { rules: [{ ...row, wrods: ["a"] }] }, '"wrods" is no field of a rule'],
    ["a rule without words or codes", { rules: [{ rule: "full", reason: "mailboxfull" }] }, "neither words nor codes"],
    ["words that are no list", { rules: [{ ...row, words: "full" }] }, '"words" is no list'],
    ["a word that is no text", { rules: [{ ...row, words: [5] }] }, '"words" holds what is no string'],
    ["a status with its class", { rules: [{ ...row, status: ["5.2.2"] }] }, '"5.2.2" is no enhanced code without its class'],
    ["a row that is no object", { rules: ["full"] }, "rule 1: it is no object"],
    ["a name with spaces", { rules: [{ ...row, rule: "mailbox full" }] }, 'rule 1: "rule" is no name'],
    ["a firm code for a rule that is not there", { rules: [row], firmCodes: { "2.2": ["ful"] } }, 'firmCodes 2.2: there is no rule "ful"'],
    ["a code for a reason nobody knows", { rules: [row], reasonByStatus: { "2.2": "x" } }, 'reasonByStatus 2.2: "x" is no reason'],
  ])("names the row that has %s", (_, table, problem) => {
    expect(() => readReasonTable(table)).toThrow(ReasonTableError);
    expect(() => readReasonTable(table)).toThrow(problem);
  });
});

/** Replies as the manuals, the source code or the published code lists of their servers give them. */
const replies: Record<string, string[]> = {
  userunknown: [
    "550 5.1.1 <jan@customer.example>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 No such user here",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "553 sorry, this recipient is not in my validrcptto list (#5.7.1)",
    "550 mailbox is inactive",
  ],
  hostunknown: [
    "Host or domain name not found. Name service error for name=customer.example type=A: Host not found",
    "Unrouteable address",
  ],
  hasmoved: ["551 5.1.6 User has moved to jan@other.example", "550 5.1.6 recipient no longer on server: jan@customer.example"],
  suspend: [
    "550 5.2.1 The email account that you tried to reach is disabled.",
    "525 5.7.13 User account disabled",
    "554 delivery error: dd jan@customer.example is no longer valid.",
  ],
  mailboxfull: [
    "552 5.2.2 Over quota",
    "452 4.2.2 The recipient's inbox is out of storage space.",
    "552 5.2.2 The user's space has been used up",
  ],
  contenterror: [
    "554 5.6.1 Body type not supported by Remote Host",
    '554 too many "Received" headers - suspected mail loop',
    "552 header size exceeds maximum permitted",
  ],
  virusdetected: ["554 5.7.1 Virus found in message", "552 it has a potentially executable attachment"],
  mesgtoobig: ["552 5.3.4 Message size exceeds fixed limit", "552 taille limite du message atteinte"],
  exceedlimit: ["552 5.2.3 Message length exceeds administrative limit"],
  spamdetected: [
    "554 5.7.1 Message rejected as spam",
    "554 5.7.0 Reject, id=10923-01 - SPAM",
    "550 Blacklisted URL in message",
    "550 you're using a mass mailer",
  ],
  badreputation: ["554 5.7.1 The server sending your mail has a poor reputation"],
  policyviolation: ["550 5.7.1 Message rejected due to local policy", "554 5.7.0 Header error", "552 attachment extension is forbidden"],
  rejected: [
    "553 5.1.8 Domain of sender address anna@sales.example does not exist",
    "553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)",
  ],
  filtered: ["550 user rejects all mail of this kind", "550 account is protected by a filter"],
  blocked: [
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
    "550 Blocked - see https://ip.customer.example/",
    "421 Service not available, closing transmission channel",
    "Connected to 192.0.2.1 but my name was rejected. Remote host said: 501 Invalid domain name",
    "550 5.1.0 refused. AUP#CXBL",
  ],
  requireptr: [
    "550-5.7.25 The IP address sending this message does not have a PTR record",
    "450 Client host rejected: cannot find your hostname",
  ],
  authfailure: ["550 5.7.23 SPF validation failed", "550 5.7.26 Unauthenticated email is not accepted due to the domain's DMARC policy"],
  norelaying: ["554 5.7.1 <jan@customer.example>: Relay access denied", "550 5.7.64 TenantAttribution; Relay Access Denied"],
  securityerror: ["535 5.7.8 Authentication credentials invalid"],
  failedstarttls: ["530 5.7.0 Must issue a STARTTLS command first", "451 TLS/SSLv3 Connection required. (#4.7.1)"],
  notcompliantrfc: ["550-5.7.1 This message is not RFC 5322 compliant", "550 Blank From: addresses are not allowed. IB501"],
  notaccept: ["556 5.1.10 Recipient address has null MX", "521 5.3.2 Host does not accept mail"],
  syntaxerror: ["500 5.5.2 Error: bad syntax", "503 Bad sequence of commands"],
  toomanyconn: [
    "421 4.7.0 Too many connections",
    "452 4.5.3 Too many recipients",
    "454 Throttling failure: Maximum sending rate exceeded.",
  ],
  speeding: ["450 4.2.1 The user you are trying to contact is receiving mail too quickly", "451 4.7.1 Please try again slower"],
  greylisting: ["450 4.7.1 Greylisted, please try again in 300 seconds"],
  systemfull: ["452 4.3.1 Insufficient system storage"],
  systemerror: ["451 4.3.0 Temporary local problem", "aliasing/forwarding loop broken", "554 5.3.5 Local configuration error"],
  mailererror: ['Command died with status 1: "/usr/bin/filter"', "procmail: Couldn't create the file"],
  networkerror: [
    "554 5.4.6 Too many hops",
    "No route to host",
    "lost connection with mx.customer.example while receiving the initial server greeting",
  ],
  expired: [
    "retry timeout exceeded",
    "550 5.4.300 Message expired",
    "all hosts have been failing for a long time and were last tried after this message arrived",
  ],
};

describe("a server's reply", () => {
  it.each(Object.entries(replies))("means %s", (reason, texts) => {
    for (const text of texts) expect(reasonOf(null, text).reason, text).toBe(reason);
  });

  it("that no rule knows is on hold, and without a word it is undefined", () => {
    expect(reasonOf("5.0.0", "550 qwertz")).toEqual({ reason: "onhold", rule: "no-rule" });
    expect(reasonOf("5.0.0", null)).toEqual({ reason: "undefined", rule: "no-words" });
  });

  it("is no spam verdict because of a host's or an address's name", () => {
    expect(reasonOf(null, "550 mx.mailspamprotection.example refused <spam@virus.example>: user unknown").reason).toBe("userunknown");
  });

  it("means another thing at another command", () => {
    expect(reasonOf(null, "550 Rejected", "helo").reason).toBe("blocked");
    expect(reasonOf("5.7.1", "550 5.7.1 Access denied", "mail").reason).toBe("rejected");
    expect(reasonOf("5.7.1", "550 5.7.1 Access denied").reason).toBe("securityerror");
  });

  it.each([
    ["host mx.example[192.0.2.1] said: 550 no (in reply to MAIL FROM command)", "mail"],
    ["SMTP error from remote mail server after end of data: 550", "data"],
    ["SMTP error from remote mail server after initial connection: 550", "conn"],
    ["Connected to 192.0.2.1 but sender was rejected.", "mail"],
    ["192.0.2.1 does not like recipient.", "rcpt"],
    ["after lunch", null],
  ])("names its command: %s", (text, command) => {
    expect(refusedCommand(text)).toBe(command);
  });
});
