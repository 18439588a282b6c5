import { type Envelope, firstValue } from "../../src/bounces/envelope.ts";
import type { Folder } from "../../src/ports/connector.ts";
import { readEnvelope } from "../shared/read-envelope.ts";
import { type MessageRow, type Recipient, receivedAt } from "./message-row.ts";

type Fields = Map<string, string[]>;

/** PidTagMessageClass (MS-OXPROPS), as Graph is asked for it; it answers as `String 0x1a`. */
export const messageClassId = "String 0x001A";

/** `"Anna Nowak" <anna@sales.example>` (RFC 5322, 3.4). */
const mailboxText = ({ emailAddress }: Recipient): string | null => {
  const address = emailAddress?.address?.trim() ?? "";
  const name = emailAddress?.name?.trim() ?? "";
  if (address === "") return name === "" ? null : `"${name.replace(/["\\]/g, "\\$&")}" <>`;
  return name === "" || name === address ? address : `"${name.replace(/["\\]/g, "\\$&")}" <${address}>`;
};

const mailboxList = (recipients: readonly (Recipient | null | undefined)[]): string | null => {
  const texts = recipients.flatMap((recipient) => (recipient ? (mailboxText(recipient) ?? []) : []));
  return texts.length === 0 ? null : texts.join(", ");
};

/** The header as it was on the wire, where Graph gives it. */
const transportFields = ({ internetMessageHeaders = [] }: MessageRow): Fields => {
  const fields: Fields = new Map();
  for (const { name, value } of internetMessageHeaders) {
    if (!name) continue;
    const text = (value ?? "").replace(/\r?\n[ \t]*/g, " ").trim();
    const known = fields.get(name.toLowerCase());
    if (known) known.push(text);
    else fields.set(name.toLowerCase(), [text]);
  }
  return fields;
};

const addMissing = (fields: Fields, name: string, value: string | null | undefined): void => {
  if (value && !fields.has(name)) fields.set(name, [value]);
};

const dateText = (instant: string | null | undefined): string | null => {
  const at = new Date(instant ?? "");
  return Number.isNaN(at.getTime()) ? null : at.toUTCString().replace("GMT", "+0000");
};

const classOf = ({ singleValueExtendedProperties = [] }: MessageRow): string | null =>
  singleValueExtendedProperties.find(({ id }) => /^String 0x0*1a$/i.test(id))?.value ?? null;

/** Exchange's own notices come from MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@tenant, in every language. */
const isExchangeNotice = (row: MessageRow, messageClass: string | null): boolean =>
  /^REPORT\..*\.NDR$/i.test(messageClass ?? "") || /^MicrosoftExchange[0-9a-f]{32}@/i.test(row.from?.emailAddress?.address ?? "");

/**
 * What Graph's own fields say, for all the header does not. The recipients Graph gives for a notice of Exchange are those it could
 * not reach, not who got the notice ("message: move", example): they go into the field other systems use for that.
 */
const fieldsOf = (row: MessageRow, messageClass: string | null): Fields => {
  const fields = transportFields(row);
  addMissing(fields, "from", mailboxList([row.from]));
  addMissing(fields, "sender", mailboxList([row.sender]));
  if (isExchangeNotice(row, messageClass) && !fields.has("to")) {
    addMissing(
      fields,
      "x-failed-recipients",
      (row.toRecipients ?? []).flatMap(({ emailAddress }) => emailAddress?.address ?? []).join(", "),
    );
  } else addMissing(fields, "to", mailboxList(row.toRecipients ?? []));
  addMissing(fields, "cc", mailboxList(row.ccRecipients ?? []));
  addMissing(fields, "bcc", mailboxList(row.bccRecipients ?? []));
  addMissing(fields, "subject", row.subject);
  addMissing(fields, "date", dateText(row.sentDateTime));
  addMissing(fields, "message-id", row.internetMessageId);
  return fields;
};

/** The envelope of a message as Graph listed it. */
export const envelopeOf = (row: MessageRow, folder: Folder): Envelope => {
  const messageClass = classOf(row);
  const fields = fieldsOf(row, messageClass);
  const ownId = row.internetMessageId ?? "";
  return readEnvelope({
    ref: row.id,
    folder: folder.path,
    role: folder.role,
    fields,
    receivedAt: receivedAt(row),
    size: null,
    threadId: row.conversationId ?? null,
    hints: {
      ...(messageClass === null ? {} : { messageClass }),
      ...(ownId !== "" && ownId !== firstValue(fields, "message-id") ? { otherIds: [ownId] } : {}),
    },
  });
};
