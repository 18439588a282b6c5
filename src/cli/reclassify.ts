/** What this parser says today of kept notices and of header facts, and how that differs from what is stored; and the writing of it. */
import { gunzipSync } from "node:zlib";
import { classifyReport } from "../bounces/classify.ts";
import { inspectMail, parserVersion } from "../bounces/inspect-mail.ts";
import type { Report } from "../bounces/report.ts";
import { type Change, reportChanges } from "../bounces/report-changes.ts";
import { triageFacts } from "../bounces/triage.ts";
import type { Database, Read, SeenVerdict } from "../ports/database.ts";
import type { Account } from "../store/accounts.ts";
import { readSaid, type Said, saidKey } from "../store/notice-words.ts";
import type { Notice } from "../store/notices.ts";
import { oweUnopened } from "../store/owed.ts";
import { type NoticeWithSource, readNoticesWithSource, readSeenFacts, type SeenFacts } from "../store/reclassifiable.ts";
import { reclassifyNotice } from "../store/reclassify-notice.ts";

/** A notice, or a message by inbox and ref, that would be judged otherwise. */
export type Difference = { noticeId: string | null; inboxId: string; ref: string; parserVersion: string | null; changes: Change[] };

/** What was found; and what was done, which is nothing in a dry run. */
export type ReclassifyCounts = {
  notices: number;
  withoutText: number;
  /** This parser could not read them: they stay as they are. */
  unreadable: number;
  noticesThatDiffer: number;
  /** Tied to a message by a person, and left as that person saw them. */
  leftToPeople: number;
  /** Notices that are tied only now. */
  tied: number;
  created: number;
  updated: number;
  reclassified: number;
  retracted: number;
  messages: number;
  messagesThatDiffer: number;
  /** Messages to be opened in the next turn of their inbox, and those whose inbox is connected no more. */
  owed: number;
  outOfReach: number;
};

export type ReclassifyDeps = {
  database: Database;
  account: Pick<Account, "id" | "mapping">;
  /** True: nothing is written. */
  dryRun: boolean;
  now: () => number;
  tell: (difference: Difference) => void;
  /** Told after each page. */
  progress: (counts: Readonly<ReclassifyCounts>) => void;
};

const pageSize = 200;

/**
 * Judges an account's kept notices and header facts again and tells each that differs; unless it is a dry run, each notice is
 * written in a transaction of its own, so that a daemon beside it waits for none, and what is stopped goes on when run again. A
 * page is in memory at a time.
 */
export const reclassify = async (deps: ReclassifyDeps): Promise<ReclassifyCounts> => {
  const counts: ReclassifyCounts = {
    notices: 0,
    withoutText: 0,
    unreadable: 0,
    noticesThatDiffer: 0,
    leftToPeople: 0,
    tied: 0,
    created: 0,
    updated: 0,
    reclassified: 0,
    retracted: 0,
    messages: 0,
    messagesThatDiffer: 0,
    owed: 0,
    outOfReach: 0,
  };
  await judgeNotices(deps, counts);
  await judgeFacts(deps, counts);
  return counts;
};

const judgeNotices = async (deps: ReclassifyDeps, counts: ReclassifyCounts): Promise<void> => {
  const { read } = deps.database;
  for (let after = ""; ; ) {
    const page = await readNoticesWithSource(read, deps.account.id, { after, limit: pageSize });
    const said = await saidOf(read, deps.account.id, page);
    for (const one of page) await judgeNotice(deps, counts, one, said);
    deps.progress(counts);
    after = page.at(-1)?.notice.id ?? after;
    if (page.length < pageSize) return;
  }
};

const saidOf = (read: Read, accountId: string, page: readonly NoticeWithSource[]): Promise<Map<string, Said>> =>
  readSaid(
    read,
    accountId,
    page.flatMap(({ notice }) => notice.matches.flatMap(({ engagementId }) => engagementId ?? [])),
    page.map(({ notice }) => notice.id),
  );

/** Not on any timeline so far: it may be tied now though it says the same. */
const isUntied = ({ state }: Notice): boolean => state === "unmatched" || state === "not_ours";

const judgeNotice = async (
  deps: ReclassifyDeps,
  counts: ReclassifyCounts,
  { notice, source }: NoticeWithSource,
  said: ReadonlyMap<string, Said>,
): Promise<void> => {
  counts.notices++;
  if (source === null) {
    counts.withoutText++;
    return;
  }
  const report = inspectMail(gunzipSync(source));
  if (report.verdict === "unreadable") {
    counts.unreadable++;
    return;
  }
  const changes = reportChanges(asLogged(underMapping(notice.report, deps), notice, said), underMapping(report, deps));
  if (changes.length > 0) {
    counts.noticesThatDiffer++;
    deps.tell({ noticeId: notice.id, inboxId: notice.inboxId, ref: notice.ref, parserVersion: notice.report.parserVersion, changes });
  }
  if (!deps.dryRun && (changes.length > 0 || isUntied(notice))) await writeNotice(deps, counts, notice.id, report);
};

const underMapping = (report: Report, { account }: ReclassifyDeps): Report =>
  Object.keys(account.mapping).length === 0 ? report : classifyReport(report, account.mapping);

/** The stored report with the types and categories that were logged: the account's table of reasons may have been another. */
const asLogged = (report: Report, { id, matches }: Notice, said: ReadonlyMap<string, Said>): Report => {
  const entries = matches.flatMap(({ engagementId }) => said.get(saidKey(engagementId ?? "", id))?.standing ?? []);
  const recipients = report.recipients.map((outcome) => {
    const logged = entries.find(({ facts }) => facts?.reportedAddress === outcome.address);
    if (!logged?.facts || logged.state === "delivered" || logged.state === "retracted") return outcome;
    return { ...outcome, type: logged.state, category: logged.facts.category };
  });
  return { ...report, recipients };
};

const writeNotice = async (deps: ReclassifyDeps, counts: ReclassifyCounts, noticeId: string, report: Report): Promise<void> => {
  const { database, account, now } = deps;
  const done = await database.transaction((tx) => reclassifyNotice(tx, account.id, noticeId, report, now()));
  if (done === "gone") return;
  if (done === "decided") {
    counts.leftToPeople++;
    return;
  }
  const eventsOf = (type: string): number => done.events.filter((event) => event === `engagement.${type}`).length;
  counts.tied += done.tied ? 1 : 0;
  for (const change of ["created", "updated", "reclassified", "retracted"] as const) counts[change] += eventsOf(change);
};

/** Verdicts that say how a message was judged; the others say what became of a suspect. */
const judgedAs = (verdict: SeenVerdict): string => (verdict === "sent" || verdict === "reply" || verdict === "other" ? verdict : "suspect");

const judgeFacts = async (deps: ReclassifyDeps, counts: ReclassifyCounts): Promise<void> => {
  for (let after: { inboxId: string; ref: string } | null = null; ; ) {
    const page: SeenFacts[] = await readSeenFacts(deps.database.read, deps.account.id, { after, limit: pageSize });
    const unopened: SeenFacts[] = [];
    for (const one of page) {
      const { inboxId, ref, verdict, facts } = one;
      counts.messages++;
      if (!Array.isArray(facts.signs)) continue; // facts of another shape, from an older release
      const [before, now] = [judgedAs(verdict), triageFacts(facts).verdict];
      if (before === now) continue;
      counts.messagesThatDiffer++;
      deps.tell({ noticeId: null, inboxId, ref, parserVersion: null, changes: [{ of: "", field: "verdict", before, after: now }] });
      if (now === "suspect" && (verdict === "reply" || verdict === "other")) unopened.push(one);
    }
    if (!deps.dryRun) await oweAll(deps, counts, unopened);
    deps.progress(counts);
    after = page.at(-1) ?? after;
    if (page.length < pageSize) return;
  }
};

/** Only a turn of their inbox can open them. */
const oweAll = async ({ database, account, now }: ReclassifyDeps, counts: ReclassifyCounts, unopened: SeenFacts[]): Promise<void> => {
  for (const [inboxId, some] of Map.groupBy(unopened, (one) => one.inboxId)) {
    const refs = some.map(({ ref }) => ref);
    const owed = await database.transaction((tx) => oweUnopened(tx, account.id, inboxId, refs, now()));
    if (owed === null) counts.outOfReach += refs.length;
    else counts.owed += owed;
  }
};

const changeWords = ({ of, field, before, after }: Change): string =>
  `  ${of ? `${of}: ` : ""}${field} ${before ?? "none"} → ${after ?? "none"}`;

/** A difference in lines for people. */
export const differenceLines = (difference: Difference): string[] => [
  `${difference.noticeId ?? `message ${difference.ref}`} in ${difference.inboxId}${difference.parserVersion ? `, parser ${difference.parserVersion} → ${parserVersion}` : ""}`,
  ...difference.changes.map(changeWords),
];

/** The last line. */
export const countsLine = (counts: ReclassifyCounts, dryRun: boolean): string => {
  const { notices, withoutText, unreadable, noticesThatDiffer, messages, messagesThatDiffer } = counts;
  const left = `${withoutText} without text${unreadable > 0 ? `, ${unreadable} unreadable` : ""}`;
  const judged = `${notices} notices judged again (${left}), ${noticesThatDiffer} differ; ${messages} messages by their header facts, ${messagesThatDiffer} differ.`;
  return `${judged} ${dryRun ? "Nothing was written." : doneWords(counts)}`;
};

const doneWords = ({ reclassified, retracted, created, updated, tied, leftToPeople, owed, outOfReach }: ReclassifyCounts): string =>
  [
    `Bounces: ${reclassified} reclassified, ${retracted} retracted, ${created} found only now, ${updated} with other details.`,
    `Notices: ${tied} tied only now${leftToPeople > 0 ? `, ${leftToPeople} left as a person decided` : ""}.`,
    `Messages: ${owed} will be opened when their inbox is polled next${outOfReach > 0 ? `, ${outOfReach} lie in inboxes that are disconnected` : ""}.`,
  ].join(" ");
