/**
 * The body of message/delivery-status (RFC 3464, section 2.1) and message/global-delivery-status (RFC 6533).
 *
 *   Reporting-MTA: dns; mx.sales.example
 *   X-Original-Message-ID: <8f2c@sales.example>
 *
 *   Final-Recipient: rfc822; jan@customer.example
 *   Action: failed
 *   Status: 5.1.1
 *   Diagnostic-Code: smtp; 550 5.1.1 <jan@customer.example>: User unknown
 */

/** Fields of one group by lower-case name. */
export type StatusFields = ReadonlyMap<string, string>;

/** The fields about the message, and a group of fields per recipient. */
export type StatusPart = { message: StatusFields; recipients: StatusFields[] };

const recipientFields = new Set([
  "original-recipient",
  "final-recipient",
  "action",
  "status",
  "remote-mta",
  "diagnostic-code",
  "last-attempt-date",
  "will-retry-until",
  "final-log-id",
  "x-actual-recipient",
  "x-postfix-recipient",
]);

/** Groups beyond this are not kept; what a report may name is a limit of read-mail.ts, and lower. */
const mostRecipients = 5000;

type Reading = { message: Map<string, string>; recipients: Map<string, string>[]; group: Map<string, string> | null; gap: boolean };

const namesRecipient = (group: ReadonlyMap<string, string>): boolean => group.has("final-recipient") || group.has("original-recipient");

/**
 * Whether a field opens a new recipient. Blank lines alone do not tell: some writers scatter them inside a group, some leave
 * them out between two. A field that the group already has does, and a second recipient name after a gap.
 */
const opensGroup = (reading: Reading, name: string): boolean => {
  if (!recipientFields.has(name)) return false;
  if (!reading.group) return true;
  if (reading.group.has(name)) return reading.gap || name === "final-recipient" || name === "original-recipient";
  return reading.gap && name.endsWith("-recipient") && namesRecipient(reading.group);
};

const takeField = (reading: Reading, name: string, value: string): Map<string, string> => {
  if (opensGroup(reading, name) && reading.recipients.length < mostRecipients) {
    reading.group = new Map();
    reading.recipients.push(reading.group);
  }
  reading.gap = false;
  const target = reading.group ?? reading.message;
  if (!target.has(name)) target.set(name, value);
  return target;
};

/** Reads the text of a status part. Bears stray and missing blank lines, lines that are no fields, and unindented continuations. */
export const readStatusPart = (text: string): StatusPart => {
  const reading: Reading = { message: new Map(), recipients: [], group: null, gap: false };
  let last: { fields: Map<string, string>; name: string } | null = null;
  for (const line of text.split("\n")) {
    const field = /^([A-Za-z][A-Za-z0-9_-]*)[ \t]*:(.*)$/.exec(line);
    if (line.trim() === "") {
      reading.gap = true;
      last = null;
    } else if (field?.[1] && !(last?.name === "diagnostic-code" && !/^(?:[A-Z]|x-)/.test(field[1]))) {
      const name = field[1].toLowerCase();
      last = { fields: takeField(reading, name, (field[2] ?? "").trim()), name };
    } else if (last && (/^[ \t]/.test(line) || last.name === "diagnostic-code")) {
      last.fields.set(last.name, `${last.fields.get(last.name) ?? ""} ${line.trim()}`.slice(0, 4000).trim());
    }
  }
  return {
    message: reading.message,
    recipients: reading.recipients.filter((group) => namesRecipient(group) || group.has("x-actual-recipient")),
  };
};
