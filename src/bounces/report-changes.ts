/** How two reports about one notice differ: what is kept, and what this version would say. */
import type { RecipientOutcome, Report } from "./report.ts";

/** One field that would change; `of` is the recipient's address, "" for the notice or message itself. */
export type Change = { of: string; field: string; before: string | null; after: string | null };

const word = (value: string | number | boolean | null | undefined): string | null => (value == null ? null : String(value));

const recipientFields = ["action", "type", "category", "reason", "status", "originalAddress", "willRetryUntil"] as const;

const recipientChanges = (before: RecipientOutcome | undefined, after: RecipientOutcome | undefined, of: string): Change[] =>
  recipientFields.flatMap((field) => changed(of, field, word(before?.[field]), word(after?.[field])));

const changed = (of: string, field: string, before: string | null, after: string | null): Change[] =>
  before === after ? [] : [{ of, field, before, after }];

/** What a notice is tied and believed by, besides its recipients. */
const ownWords = ({ kind, verdict, original, inReplyTo, notice }: Report): Record<string, string | null> => ({
  kind,
  verdict,
  original: original.messageId,
  references: word(original.references.join(" ") || null),
  subject: original.subject,
  sender: original.from,
  inReplyTo: word(inReplyTo.join(" ") || null),
  forged: word(notice.authenticated === false),
});

/** How two reports about one notice differ in what anything is decided by. */
export const reportChanges = (before: Report, after: Report): Change[] => {
  const [was, is] = [ownWords(before), ownWords(after)];
  const addresses = new Set([...before.recipients, ...after.recipients].map(({ address }) => address));
  const byAddress = ({ recipients }: Report, of: string) => recipients.find(({ address }) => address === of);
  return [
    ...Object.keys(is).flatMap((field) => changed("", field, was[field] ?? null, is[field] ?? null)),
    ...[...addresses].flatMap((of) => recipientChanges(byAddress(before, of), byAddress(after, of), of)),
  ];
};
