/** What this parser would say today of kept notices and of header facts, and how that differs from what is stored. Writes nothing. */
import { gunzipSync } from "node:zlib";
import { inspectMail, parserVersion } from "../bounces/inspect-mail.ts";
import type { RecipientOutcome, Report } from "../bounces/report.ts";
import { triageFacts } from "../bounces/triage.ts";
import type { Read, SeenVerdict } from "../ports/database.ts";
import { readNoticesWithSource, readSeenFacts } from "../store/reclassifiable.ts";

/** One field that would change; `of` is the recipient's address, "" for the notice or message itself. */
export type Change = { of: string; field: string; before: string | null; after: string | null };

/** A notice, or a message by inbox and ref, that would be judged otherwise. */
export type Difference = { noticeId: string | null; inboxId: string; ref: string; parserVersion: string | null; changes: Change[] };

export type ReclassifyCounts = {
  notices: number;
  withoutText: number;
  noticesThatDiffer: number;
  messages: number;
  messagesThatDiffer: number;
};

const pageSize = 200;

const recipientFields = ["action", "type", "category", "reason", "status"] as const;

const recipientChanges = (before: RecipientOutcome | undefined, after: RecipientOutcome | undefined, of: string): Change[] =>
  recipientFields.flatMap((field) => {
    const [was, is] = [before?.[field] ?? null, after?.[field] ?? null];
    return was === is ? [] : [{ of, field, before: was, after: is }];
  });

/** How two reports about one notice differ in what anything is decided by. */
export const reportChanges = (before: Report, after: Report): Change[] => {
  const own = (["kind", "verdict"] as const).flatMap((field) =>
    before[field] === after[field] ? [] : [{ of: "", field, before: before[field], after: after[field] }],
  );
  const [was, is] = [before.original.messageId, after.original.messageId];
  const addresses = new Set([...before.recipients, ...after.recipients].map(({ address }) => address));
  const byAddress = ({ recipients }: Report, of: string) => recipients.find(({ address }) => address === of);
  return [
    ...own,
    ...(was === is ? [] : [{ of: "", field: "original", before: was, after: is }]),
    ...[...addresses].flatMap((of) => recipientChanges(byAddress(before, of), byAddress(after, of), of)),
  ];
};

/** Verdicts that say how a message was judged; the others say what became of a suspect. */
const judgedAs = (verdict: SeenVerdict): string => (verdict === "sent" || verdict === "reply" || verdict === "other" ? verdict : "suspect");

const judgeNotices = async (
  read: Read,
  accountId: string,
  counts: ReclassifyCounts,
  tell: (difference: Difference) => void,
): Promise<void> => {
  for (let after = ""; ; ) {
    const page = await readNoticesWithSource(read, accountId, { after, limit: pageSize });
    for (const { notice, source } of page) {
      counts.notices++;
      after = notice.id;
      if (source === null) counts.withoutText++;
      const changes = source === null ? [] : reportChanges(notice.report, inspectMail(gunzipSync(source)));
      if (changes.length === 0) continue;
      counts.noticesThatDiffer++;
      tell({ noticeId: notice.id, inboxId: notice.inboxId, ref: notice.ref, parserVersion: notice.report.parserVersion, changes });
    }
    if (page.length < pageSize) return;
  }
};

const judgeFacts = async (
  read: Read,
  accountId: string,
  counts: ReclassifyCounts,
  tell: (difference: Difference) => void,
): Promise<void> => {
  for (let after: { inboxId: string; ref: string } | null = null; ; ) {
    const page: Awaited<ReturnType<typeof readSeenFacts>> = await readSeenFacts(read, accountId, { after, limit: pageSize });
    for (const { inboxId, ref, verdict, facts } of page) {
      counts.messages++;
      after = { inboxId, ref };
      if (!Array.isArray(facts.signs)) continue; // facts of another shape, from an older release
      const [before, now] = [judgedAs(verdict), triageFacts(facts).verdict];
      if (before === now) continue;
      counts.messagesThatDiffer++;
      tell({ noticeId: null, inboxId, ref, parserVersion: null, changes: [{ of: "", field: "verdict", before, after: now }] });
    }
    if (page.length < pageSize) return;
  }
};

/** Judges an account's kept notices and header facts again and tells each that differs. A page is in memory at a time. */
export const reclassify = async (read: Read, accountId: string, tell: (difference: Difference) => void): Promise<ReclassifyCounts> => {
  const counts: ReclassifyCounts = { notices: 0, withoutText: 0, noticesThatDiffer: 0, messages: 0, messagesThatDiffer: 0 };
  await judgeNotices(read, accountId, counts, tell);
  await judgeFacts(read, accountId, counts, tell);
  return counts;
};

const changeWords = ({ of, field, before, after }: Change): string =>
  `  ${of ? `${of}: ` : ""}${field} ${before ?? "none"} → ${after ?? "none"}`;

/** A difference in lines for people. */
export const differenceLines = (difference: Difference): string[] => [
  `${difference.noticeId ?? `message ${difference.ref}`} in ${difference.inboxId}${difference.parserVersion ? `, parser ${difference.parserVersion} → ${parserVersion}` : ""}`,
  ...difference.changes.map(changeWords),
];

/** The last line. */
export const countsLine = (counts: ReclassifyCounts): string =>
  `${counts.notices} notices judged again (${counts.withoutText} without text), ${counts.noticesThatDiffer} differ; ${counts.messages} messages by their header facts, ${counts.messagesThatDiffer} differ. Nothing was written.`;
