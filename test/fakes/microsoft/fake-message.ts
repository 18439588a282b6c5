import { parseHeaderFields } from "../../../src/bounces/header-fields.ts";
import { decodeWords } from "../../../src/bounces/part-text.ts";
import { readMailboxes } from "../../../src/bounces/read-addresses.ts";
import { newId } from "./fake-mailbox.ts";

type Recipient = { emailAddress: { name: string; address: string } };

/** A message as Graph knows it: the properties of the "message" resource, made from the bytes that came in. */
export type FakeMessage = {
  /** The id that changes when the message moves, and the one that does not ("Get immutable identifiers for Outlook resources"). */
  restId: string;
  immutableId: string;
  folderId: string;
  raw: Buffer;
  receivedAt: number;
  isRead: boolean;
  messageClass: string;
  /** Exchange has no transport header for what it made itself, and gives none for sent mail. */
  hasHeader: boolean;
  row: {
    subject: string;
    internetMessageId: string;
    conversationId: string;
    from: Recipient | null;
    sender: Recipient | null;
    toRecipients: Recipient[];
    ccRecipients: Recipient[];
    bccRecipients: Recipient[];
    sentDateTime: string;
    isDraft: boolean;
    hasAttachments: boolean;
    internetMessageHeaders: { name: string; value: string }[];
  };
};

export type PutOptions = { isDraft?: boolean; messageClass?: string; hasHeader?: boolean };

const recipients = (values: readonly string[] = []): Recipient[] =>
  values
    .flatMap((value) => readMailboxes(decodeWords(value)))
    .map(({ name, address }) => ({ emailAddress: { name: name || address, address } }));

/** Outlook times have whole seconds. */
export const wholeSecond = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

const dateOf = (value: string | undefined, fallback: number): string => {
  const at = Date.parse(value ?? "");
  return wholeSecond(Number.isNaN(at) ? fallback : at);
};

const isDeliveryReport = (contentType: string): boolean => /multipart\/report/i.test(contentType) && /delivery-status/i.test(contentType);

/** For a notice of Exchange's own, toRecipients are those who were not reached. */
const failedRecipients = (raw: Buffer): Recipient[] => {
  const addresses = [...raw.toString("latin1").matchAll(/^Final-Recipient:\s*rfc822;\s*(\S+)/gim)].map(([, address]) => address ?? "");
  return [...new Set(addresses)].map((address) => ({ emailAddress: { name: address, address } }));
};

export const makeFakeMessage = (raw: Buffer, folderId: string, options: PutOptions & { receivedAt: number }): FakeMessage => {
  const fields = parseHeaderFields(raw);
  const first = (name: string): string => fields.get(name)?.[0] ?? "";
  const report = isDeliveryReport(first("content-type"));
  const [from = null] = recipients(fields.get("from"));
  const exchange = report && /^MicrosoftExchange/i.test(from?.emailAddress.address ?? "");
  return {
    restId: newId("AAMk"),
    immutableId: newId("AAkA"),
    folderId,
    raw,
    receivedAt: options.receivedAt,
    isRead: false,
    messageClass: options.messageClass ?? (report ? "REPORT.IPM.Note.NDR" : "IPM.Note"),
    hasHeader: options.hasHeader ?? true,
    row: {
      subject: decodeWords(first("subject")),
      internetMessageId: first("message-id") || `<${newId("").slice(0, 30)}@fake.prod.outlook.com>`,
      conversationId: newId("AAQk"),
      from,
      sender: recipients(fields.get("sender"))[0] ?? from,
      toRecipients: exchange ? failedRecipients(raw) : recipients(fields.get("to")),
      ccRecipients: recipients(fields.get("cc")),
      bccRecipients: recipients(fields.get("bcc")),
      sentDateTime: dateOf(first("date"), options.receivedAt),
      isDraft: options.isDraft ?? false,
      hasAttachments: false,
      internetMessageHeaders: [...fields].flatMap(([name, values]) => values.map((value) => ({ name, value }))),
    },
  };
};
