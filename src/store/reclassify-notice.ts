import { confirmMatch } from "../bounces/match.ts";
import type { Report } from "../bounces/report.ts";
import { reportChanges } from "../bounces/report-changes.ts";
import type { Write } from "../ports/database.ts";
import { appendEvents } from "./events.ts";
import { toJson } from "./json.ts";
import { readDecisions } from "./notice-decisions.ts";
import { lockNotices } from "./notice-waits.ts";
import { getNotice, type Notice } from "./notices.ts";
import { getSentMessage, toCandidate } from "./sent-messages.ts";
import { tieNotices, waitingMs } from "./tie-notices.ts";
import { saveTraces } from "./traces.ts";

/** What judging a notice again did: the types of the events appended, and whether it is tied only now. */
export type Rejudged = { events: string[]; tied: boolean };

/**
 * Takes today's report of a notice for the stored one and ties the notice again: what it says otherwise is appended to the
 * histories, what it says no more is withdrawn. Nothing is written where nothing changes. `decided`: a person said which message
 * it is about, and today's report would take that back; `gone`: it was erased meanwhile. Appends events, so it is called late
 * in its transaction.
 */
export const reclassifyNotice = async (
  tx: Write,
  accountId: string,
  noticeId: string,
  report: Report,
  now: number,
): Promise<Rejudged | "decided" | "gone"> => {
  const [notice] = await lockNotices(tx, accountId, [noticeId]);
  if (!notice) return "gone";
  if (await takesBackDecision(tx, notice, report)) return "decided";
  const differs = reportChanges(notice.report, report).length > 0;
  if (differs) await saveReport(tx, notice, report, now);
  const options = { waitingIsOver: now >= notice.detectedAt + waitingMs, judgedAgain: true };
  const events = await tieNotices(tx, accountId, [noticeId], options, now);
  if (differs) await traceAgain(tx, notice, report, now);
  await appendEvents(tx, accountId, events, now);
  const after = await getNotice(tx, accountId, noticeId);
  return { events: events.map(({ type }) => type), tied: notice.state !== "matched" && after?.state === "matched" };
};

const takesBackDecision = async (tx: Write, { accountId, id }: Notice, report: Report): Promise<boolean> => {
  const decision = (await readDecisions(tx, accountId, [id])).get(id);
  const chosen = decision?.sentMessageId ? await getSentMessage(tx, accountId, decision.sentMessageId) : null;
  if (!decision || !chosen) return false;
  const bounced = report.recipients.filter(({ type }) => type !== "none");
  return bounced.length === 0 || bounced.some((outcome) => confirmMatch(outcome, toCandidate(chosen, []), decision.by).match === null);
};

/** The fingerprint stays: it names the notice, and the entries it made, by what was read first. */
const saveReport = (tx: Write, { accountId, id }: Notice, report: Report, now: number) =>
  tx
    .updateTable("notices")
    .set({ kind: report.kind, format: report.format, report: toJson(report), updated_at: now })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .execute();

const traceAgain = (tx: Write, notice: Notice, report: Report, now: number): Promise<void> => {
  const { accountId, id: noticeId, inboxId, ref, messageId } = notice;
  const because = `It was judged again, by parser ${report.parserVersion} after ${notice.report.parserVersion}.`;
  const steps = [{ step: "reclassified", because }, ...report.evidence];
  return saveTraces(tx, accountId, inboxId, [{ ref, messageId, noticeId, outcome: report.kind, steps }], now);
};
