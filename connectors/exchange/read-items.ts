import type { Envelope, HeaderFields } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import type { Folder, Unread } from "../../src/ports/connector.ts";
import { type ExchangeMessage, type ExchangeRecipient, exchangeEnvelope, headerOf } from "../shared/exchange-envelope.ts";
import type { XmlElement } from "../shared/read-xml.ts";
import type { Ews } from "./ews.ts";
import { exchangeError, isMissingCode } from "./exchange-error.ts";
import type { ItemRow } from "./follow-changes.ts";
import { getFacts } from "./requests.ts";
import { at, child, instantAt, textAt } from "./xml.ts";

/** Messages asked for at once: their headers fit into one answer. */
const batchSize = 50;

/** An address inside the organisation may be told by its X.500 name (RoutingType EX), which is no address of mail. */
const recipientOf = (mailbox: XmlElement | undefined): ExchangeRecipient | null => {
  if (!mailbox) return null;
  const routing = textAt(mailbox, "RoutingType") ?? "SMTP";
  return { name: textAt(mailbox, "Name"), address: routing.toUpperCase() === "SMTP" ? textAt(mailbox, "EmailAddress") : null };
};

const recipientsIn = (list: XmlElement | undefined): ExchangeRecipient[] =>
  (list?.children ?? []).flatMap((mailbox) => recipientOf(mailbox) ?? []);

/** Old servers write this line above it. */
const ownLine = /^Microsoft Mail Internet Headers Version [\d.]+\r?\n/;

/** The whole header where it is kept; else what Exchange lists of it, which is less ("InternetMessageHeaders"). */
const headerIn = (item: XmlElement): HeaderFields => {
  const whole = textAt(item, "ExtendedProperty", "Value");
  if (whole) return parseHeaderFields(Buffer.from(`${whole.replace(ownLine, "")}\r\n\r\n`));
  const list = child(item, "InternetMessageHeaders")?.children ?? [];
  return headerOf(list.map(({ attributes, text }) => ({ name: attributes.get("HeaderName") ?? "", value: text })));
};

const messageOf = (item: XmlElement, row: ItemRow): ExchangeMessage => ({
  ref: row.id,
  receivedAt: instantAt(item, "DateTimeReceived") ?? row.receivedAt,
  sentAt: instantAt(item, "DateTimeSent"),
  size: Number(textAt(item, "Size")) || null,
  threadId: child(item, "ConversationId")?.attributes.get("Id") ?? null,
  messageClass: textAt(item, "ItemClass"),
  internetMessageId: textAt(item, "InternetMessageId"),
  subject: textAt(item, "Subject"),
  from: recipientOf(at(item, "From", "Mailbox")),
  sender: recipientOf(at(item, "Sender", "Mailbox")),
  to: recipientsIn(child(item, "ToRecipients")),
  cc: recipientsIn(child(item, "CcRecipients")),
  bcc: recipientsIn(child(item, "BccRecipients")),
  header: headerIn(item),
});

/** What became of each message asked for: its element, "gone", or the code Exchange gave in place of it. */
type Outcome = XmlElement | "gone" | { code: string };

const isFailure = (outcome: Outcome | undefined): outcome is { code: string } => typeof outcome === "object" && "code" in outcome;

const askFor = async (ews: Ews, rows: readonly ItemRow[], header: boolean): Promise<Outcome[]> => {
  const ids = rows.map(({ id }) => id);
  const answers = await ews.askEach(getFacts(ids, { header }));
  return ids.map((_, index) => {
    const { code, content } = answers[index] ?? { code: "", content: undefined };
    if (isMissingCode(code)) return "gone";
    return (code === "NoError" && at(content, "Items")?.children[0]) || { code };
  });
};

/** A message whose header Exchange fails over is asked for by its other fields alone. */
const readBatch = async (ews: Ews, rows: readonly ItemRow[]): Promise<Outcome[]> => {
  const outcomes = await askFor(ews, rows, true);
  const failed = rows.filter((_, index) => isFailure(outcomes[index]));
  if (failed.length === 0) return outcomes;
  const again = await askFor(ews, failed, false);
  return outcomes.map((outcome) => (isFailure(outcome) ? (again.shift() ?? outcome) : outcome));
};

/**
 * The envelopes of listed messages. One deleted meanwhile is passed over, and so is a draft; one that Exchange itself cannot tell of,
 * asked twice, is to be read later and does not hold up the others. Where it can tell of none of several, it is the server: ConnectorError.
 */
export const readItems = async (
  ews: Ews,
  rows: readonly ItemRow[],
  folder: Folder,
): Promise<{ messages: Envelope[]; unread: Unread[] }> => {
  const messages: Envelope[] = [];
  const failed: { row: ItemRow; code: string }[] = [];
  for (let start = 0; start < rows.length; start += batchSize) {
    const batch = rows.slice(start, start + batchSize);
    for (const [index, outcome] of (await readBatch(ews, batch)).entries()) {
      const row = batch[index] as ItemRow;
      if (isFailure(outcome)) failed.push({ row, code: outcome.code });
      else if (outcome !== "gone" && textAt(outcome, "IsDraft") !== "true")
        messages.push(exchangeEnvelope(messageOf(outcome, row), folder));
    }
  }
  const code = "ErrorInternalServerError";
  if (failed.length > 1 && failed.length === rows.length && failed.every((each) => each.code === code))
    throw exchangeError({ host: ews.host, status: 200, code, words: "", retryAfterMs: null });
  const unread = failed.map(({ row: { id, receivedAt } }) => ({ ref: id, folder: folder.path, role: folder.role, receivedAt }));
  return { messages, unread };
};
