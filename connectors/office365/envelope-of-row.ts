import type { Envelope } from "../../src/bounces/envelope.ts";
import type { Folder } from "../../src/ports/connector.ts";
import { type ExchangeRecipient, exchangeEnvelope, headerOf } from "../shared/exchange-envelope.ts";
import { type MessageRow, type Recipient, receivedAt } from "./message-row.ts";

/** PidTagMessageClass (MS-OXPROPS), as Graph is asked for it; it answers as `String 0x1a`. */
export const messageClassId = "String 0x001A";

const classOf = ({ singleValueExtendedProperties = [] }: MessageRow): string | null =>
  singleValueExtendedProperties.find(({ id }) => /^String 0x0*1a$/i.test(id))?.value ?? null;

const all = (recipients: readonly Recipient[] = []): ExchangeRecipient[] => recipients.flatMap(({ emailAddress }) => emailAddress ?? []);

const sentAt = ({ sentDateTime }: MessageRow): number | null => {
  const at = Date.parse(sentDateTime ?? "");
  return Number.isNaN(at) ? null : at;
};

/** The envelope of a message as Graph listed it. */
export const envelopeOf = (row: MessageRow, folder: Folder): Envelope =>
  exchangeEnvelope(
    {
      ref: row.id,
      receivedAt: receivedAt(row),
      sentAt: sentAt(row),
      size: null,
      threadId: row.conversationId ?? null,
      messageClass: classOf(row),
      internetMessageId: row.internetMessageId ?? null,
      subject: row.subject ?? null,
      from: row.from?.emailAddress ?? null,
      sender: row.sender?.emailAddress ?? null,
      to: all(row.toRecipients),
      cc: all(row.ccRecipients),
      bcc: all(row.bccRecipients),
      header: headerOf((row.internetMessageHeaders ?? []).map(({ name, value }) => ({ name: name ?? "", value: value ?? "" }))),
    },
    folder,
  );
