import { type Envelope, firstValue } from "../bounces/envelope.ts";
import { idKey } from "../bounces/keys.ts";
import { decodeWords } from "../bounces/part-text.ts";
import { readMailboxes } from "../bounces/read-addresses.ts";
import { readSentMessage } from "../bounces/sent-message.ts";
import { answeredIds, type TriageContext, triage } from "../bounces/triage.ts";
import type { Session } from "../ports/connector.ts";
import type { Database, SeenVerdict } from "../ports/database.ts";
import type { Claim } from "../store/fence.ts";
import { readOwedRefs } from "../store/owed.ts";
import type { SavedMessage } from "../store/save-page.ts";
import { readVerdicts } from "../store/seen-messages.ts";
import { findSentByIds } from "../store/sent-messages.ts";
import { openSuspects } from "./open-suspects.ts";

export type PageDeps = {
  database: Database;
  session: Session;
  claim: Claim;
  /** The inbox's own addresses, as addressKey. */
  own: readonly string[];
  now: () => number;
  signal: AbortSignal;
  maxMessageBytes: number;
};

/**
 * Judges the messages of a page and opens the suspects: the facts for savePage. Nothing is written here but the count of
 * attempts. What is wrong with one message is its verdict; only what concerns the whole inbox (sign-in, rate limit, a lost
 * connection) is thrown. `again`: also what is owed, whose turn it is.
 */
export const processPage = async (
  deps: PageDeps,
  page: readonly Envelope[],
  backfill: boolean,
  { again = false } = {},
): Promise<SavedMessage[]> => {
  const context = await triageContext(deps, page);
  const judged = page.map((envelope) => ({ envelope, ...triage(envelope, context) }));
  const suspects = judged.filter((one) => one.verdict === "suspect");
  const { known, owed } = await readKnown(deps, again ? [] : suspects.map(({ envelope }) => envelope.ref));
  const opened = await openSuspects(
    deps,
    suspects
      .filter(({ envelope }) => !known.has(envelope.ref) && !owed.has(envelope.ref))
      .map(({ envelope, because }) => ({ envelope, backfill, steps: because })),
  );
  return judged.flatMap(({ envelope, verdict, because, facts }): SavedMessage[] => {
    if (verdict === "suspect") {
      const found = opened.get(envelope.ref);
      if (found) return [{ ...found, facts }];
      return owed.has(envelope.ref) ? [{ envelope, verdict: "owed", facts }] : [];
    }
    if (verdict === "sent") return [{ envelope, verdict, facts: null, sent: readSentMessage(envelope) }];
    const reply = verdict === "reply" ? { from: senderOf(envelope), answers: answeredIds(envelope).map(idKey) } : undefined;
    return [{ envelope, verdict, reply, facts: { ...facts, because: because.map(({ step }) => step) } }];
  });
};

const senderOf = ({ headers }: Envelope): string => readMailboxes(decodeWords(firstValue(headers, "from") ?? ""))[0]?.address ?? "";

/** What has a verdict keeps it, and what is owed is not touched before its time, though its page is listed again. */
const readKnown = async (
  { database, claim }: PageDeps,
  refs: string[],
): Promise<{ known: ReadonlyMap<string, SeenVerdict>; owed: ReadonlySet<string> }> => ({
  known: await readVerdicts(database.read, claim.accountId, claim.inboxId, refs),
  owed: await readOwedRefs(database.read, claim.accountId, claim.inboxId, refs),
});

/** What triage asks about the account, read at once for all messages of a page. */
const triageContext = async ({ database, claim, own }: PageDeps, page: readonly Envelope[]): Promise<TriageContext> => {
  const keys = new Set(
    page
      .filter(({ role }) => role !== "sent")
      .flatMap(answeredIds)
      .map(idKey),
  );
  const sent = await findSentByIds(database.read, claim.accountId, [...keys]);
  return {
    ownAddresses: new Set(own),
    sentById: (key) => {
      const found = sent.get(key)?.[0];
      return found ? { recipients: found.recipients.map((recipient) => recipient.addressKey) } : null;
    },
  };
};
