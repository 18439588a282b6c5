import { type Envelope, firstValue, type HeaderFields } from "../../src/bounces/envelope.ts";
import type { Folder } from "../../src/ports/connector.ts";
import { readEnvelope } from "./read-envelope.ts";

type Fields = Map<string, readonly string[]>;

export type ExchangeRecipient = { name?: string | null | undefined; address?: string | null | undefined };

/** A message as Exchange stores it and tells of it, by whatever interface; each part may be missing. Times in epoch milliseconds. */
export type ExchangeMessage = {
  ref: string;
  receivedAt: number | null;
  sentAt: number | null;
  size: number | null;
  threadId: string | null;
  /** PidTagMessageClass (MS-OXPROPS), such as IPM.Note or REPORT.IPM.Note.NDR. */
  messageClass: string | null;
  internetMessageId: string | null;
  subject: string | null;
  from: ExchangeRecipient | null;
  sender: ExchangeRecipient | null;
  to: readonly ExchangeRecipient[];
  cc: readonly ExchangeRecipient[];
  bcc: readonly ExchangeRecipient[];
  /** The header as it was on the wire, where Exchange keeps it. */
  header: HeaderFields;
};

/** `"Anna Nowak" <anna@sales.example>` (RFC 5322, 3.4). */
const mailboxText = (recipient: ExchangeRecipient): string | null => {
  const address = recipient.address?.trim() ?? "";
  const name = recipient.name?.trim() ?? "";
  if (address === "") return name === "" ? null : `"${name.replace(/["\\]/g, "\\$&")}" <>`;
  return name === "" || name === address ? address : `"${name.replace(/["\\]/g, "\\$&")}" <${address}>`;
};

const mailboxList = (recipients: readonly (ExchangeRecipient | null)[]): string | null => {
  const texts = recipients.flatMap((recipient) => (recipient ? (mailboxText(recipient) ?? []) : []));
  return texts.length === 0 ? null : texts.join(", ");
};

/** Header fields told one by one, folded lines joined. */
export const headerOf = (list: readonly { name: string; value: string }[]): HeaderFields => {
  const fields = new Map<string, string[]>();
  for (const { name, value } of list) {
    if (name === "") continue;
    const text = value.replace(/\r?\n[ \t]*/g, " ").trim();
    const known = fields.get(name.toLowerCase());
    if (known) known.push(text);
    else fields.set(name.toLowerCase(), [text]);
  }
  return fields;
};

const addMissing = (fields: Fields, name: string, value: string | null): void => {
  if (value && !fields.has(name)) fields.set(name, [value]);
};

const dateText = (at: number | null): string | null => (at === null ? null : new Date(at).toUTCString().replace("GMT", "+0000"));

/** Exchange's own notices come from MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@tenant, in every language. */
const isExchangeNotice = ({ messageClass, from }: ExchangeMessage): boolean =>
  /^REPORT\..*\.NDR$/i.test(messageClass ?? "") || /^MicrosoftExchange[0-9a-f]{32}@/i.test(from?.address ?? "");

/**
 * What Exchange's own fields say, for all the header does not. The recipients it gives for a notice of its own are those it could
 * not reach, not who got the notice (Graph, "message: move", example): they go into the field other systems use for that.
 */
const fieldsOf = (message: ExchangeMessage): Fields => {
  const fields: Fields = new Map(message.header);
  addMissing(fields, "from", mailboxList([message.from]));
  addMissing(fields, "sender", mailboxList([message.sender]));
  if (isExchangeNotice(message) && !fields.has("to")) {
    addMissing(fields, "x-failed-recipients", message.to.flatMap(({ address }) => address ?? []).join(", "));
  } else addMissing(fields, "to", mailboxList(message.to));
  addMissing(fields, "cc", mailboxList(message.cc));
  addMissing(fields, "bcc", mailboxList(message.bcc));
  addMissing(fields, "subject", message.subject);
  addMissing(fields, "date", dateText(message.sentAt));
  addMissing(fields, "message-id", message.internetMessageId);
  return fields;
};

/** The envelope of a message Exchange told of. */
export const exchangeEnvelope = (message: ExchangeMessage, folder: Folder): Envelope => {
  const { ref, receivedAt, size, threadId, messageClass } = message;
  const fields = fieldsOf(message);
  const ownId = message.internetMessageId ?? "";
  return readEnvelope({
    ref,
    folder: folder.path,
    role: folder.role,
    fields,
    receivedAt,
    size,
    threadId,
    hints: {
      ...(messageClass === null ? {} : { messageClass }),
      ...(ownId !== "" && ownId !== firstValue(fields, "message-id") ? { otherIds: [ownId] } : {}),
    },
  });
};
