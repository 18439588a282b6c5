import type { Envelope } from "../bounces/envelope.ts";
import { firstValue } from "../bounces/envelope.ts";
import { idKey } from "../bounces/keys.ts";
import { type NearMiss, nearMiss } from "../bounces/near-miss.ts";
import type { Evidence, Report } from "../bounces/report.ts";
import type { Cursor, Gap, Json, Warning } from "../ports/connector.ts";
import type { Database, SeenVerdict, Write } from "../ports/database.ts";
import { appendEvents } from "./events.ts";
import { type Claim, holdFence } from "./fence.ts";
import { gapEvent, saveGaps } from "./gaps.ts";
import { fromJson, toJson } from "./json.ts";
import { waitingFor, wakeKeys } from "./notice-waits.ts";
import { settleOwed } from "./owed.ts";
import { type KeptAs, type NewNotice, saveNotices } from "./save-notices.ts";
import { type Reply, saveReplies } from "./save-replies.ts";
import { type NewSentMessage, saveSentMessages } from "./save-sent-messages.ts";
import { saveSeen } from "./seen-messages.ts";
import { tieNotices } from "./tie-notices.ts";
import { type NewTrace, saveTraces } from "./traces.ts";

/** What is known of one message when its page is saved. */
export type SavedMessage = {
  envelope: Envelope;
  verdict: SeenVerdict;
  /** The header facts that led to the verdict; null for none. */
  facts: Json;
  /** With verdict `sent`. */
  sent?: Omit<NewSentMessage, "ref" | "folder">;
  /** With verdict `notice`: kept as a notice and tied. With any other verdict it is not kept. */
  report?: Report;
  /** With verdict `reply`: who answers, and the idKeys of what is answered. */
  reply?: { from: string; answers: readonly string[] };
  /** The notice itself, gzip, with returned letters cut to their headers. */
  source?: Uint8Array;
  /** Of a message that was opened. */
  trace?: { outcome: string; steps: readonly Evidence[] };
  /** With verdict `owed`: why, and when to try again (epoch milliseconds). Left out when it is owed already. */
  owed?: { error: string; dueAt: number };
};

export type PageToSave = Claim & {
  now: number;
  page: {
    /** What covers the page and all before it. Left out when owed messages are saved, which no cursor covers. */
    cursor?: Cursor;
    backfill: boolean;
    gaps: readonly Gap[];
    warnings: readonly Warning[];
    mended?: readonly Pick<Warning, "code" | "folder">[];
    progress: { done: number; total: number | null } | null;
  };
  messages: readonly SavedMessage[];
};

export type SavedPage = {
  /** Ids of the notices that were new, and of those that had waited for a message of this page. */
  notices: string[];
  woken: string[];
  /** By ref, which notice a message is, or is a copy of. */
  noticeOf: ReadonlyMap<string, KeptAs>;
  /** Types of the events appended, in order; the newest sequence, or null when there were none. */
  events: string[];
  sequence: number | null;
};

/**
 * Saves one page, all in one transaction or not at all.
 * 1. The cursor moves only with what it covers: each message is recorded, set aside with its verdict, or owed.
 * 2. Saving the same page twice writes once.
 * 3. It writes only under its fence; else it throws FenceLost.
 * 4. A message that cannot be read is a row with its verdict; it stops nothing.
 */
export const savePage = (database: Database, input: PageToSave): Promise<SavedPage> =>
  database.transaction(async (tx) => {
    const { accountId, inboxId, now, page, messages } = input;
    await holdFence(tx, input);
    const { newIdKeys } = await saveSentMessages(tx, accountId, inboxId, messages.flatMap(sentMessage), now);
    const notices = messages.flatMap((message) => newNotice(message, page.backfill, now));
    const { made, noticeOf } = await saveNotices(tx, accountId, inboxId, notices, now);
    const waiting = await waitingFor(
      tx,
      accountId,
      wakeKeys(
        newIdKeys,
        messages.flatMap(({ sent }) => sent ?? []),
      ),
    );
    const woken = waiting.filter((id) => !made.includes(id));
    const events = await tieNotices(tx, accountId, [...made, ...woken], { waitingIsOver: false }, now);
    const replied = await saveReplies(
      tx,
      accountId,
      messages.flatMap((message) => newReply(message, page.backfill, now)),
      now,
    );
    await saveTraces(
      tx,
      accountId,
      inboxId,
      messages.flatMap((message) => newTrace(message, noticeOf)),
      now,
    );
    await saveSeen(tx, accountId, inboxId, messages.map(seenMessage), now);
    await settleOwed(tx, input, settlement(messages, page.backfill), now);
    const gaps = await saveGaps(tx, accountId, inboxId, page.gaps, now);
    await movePosition(tx, input);
    const all = [...events, ...replied, ...gaps.map((gap) => gapEvent(gap, inboxId, page.backfill))];
    const sequence = await appendEvents(tx, accountId, all, now);
    return { notices: made, woken, noticeOf, events: all.map((event) => event.type), sequence };
  });

const sentMessage = ({ envelope, sent }: SavedMessage): NewSentMessage[] =>
  sent ? [{ ...sent, ref: envelope.ref, folder: envelope.folder }] : [];

const newNotice = ({ envelope, verdict, report, source }: SavedMessage, backfill: boolean, now: number): NewNotice[] => {
  if (verdict !== "notice" || !report) return [];
  const receivedAt = envelope.receivedAt ?? report.notice.date ?? now;
  const { ref, folder, threadId } = envelope;
  return [{ ref, folder, threadId, report, source: source ?? null, backfill, receivedAt }];
};

const newReply = ({ envelope, reply }: SavedMessage, backfill: boolean, now: number): Reply[] => {
  if (!reply) return [];
  const messageKey = idKey(firstValue(envelope.headers, "message-id")) || envelope.ref;
  return [{ ...reply, messageKey, at: envelope.receivedAt ?? now, backfill }];
};

const newTrace = ({ envelope, trace }: SavedMessage, noticeOf: ReadonlyMap<string, KeptAs>): NewTrace[] => {
  if (!trace) return [];
  const kept = noticeOf.get(envelope.ref);
  const copy = kept?.copy ? [{ step: "copy", because: `It is a copy of the notice ${kept.noticeId}, which was kept already.` }] : [];
  const messageId = firstValue(envelope.headers, "message-id");
  return [{ ref: envelope.ref, messageId, noticeId: kept?.noticeId ?? null, outcome: trace.outcome, steps: [...trace.steps, ...copy] }];
};

const seenMessage = ({ envelope, verdict, facts, trace }: SavedMessage) => ({
  ref: envelope.ref,
  folder: envelope.folder,
  verdict,
  messageId: firstValue(envelope.headers, "message-id"),
  facts,
  nearMiss: nearMissOf(envelope, verdict, trace?.outcome ?? null),
  receivedAt: envelope.receivedAt,
});

const nearMissOf = ({ headers, role }: Envelope, verdict: SeenVerdict, outcome: string | null): NearMiss | null => {
  if (verdict === "opened") return nearMiss(headers, outcome ?? "ordinary");
  return verdict === "other" && role !== "sent" ? nearMiss(headers, null) : null;
};

const settlement = (messages: readonly SavedMessage[], backfill: boolean) => ({
  done: messages.filter(({ verdict }) => verdict !== "owed").map(({ envelope }) => envelope.ref),
  again: messages.flatMap(({ envelope, owed }) => (owed ? [{ envelope, backfill, ...owed }] : [])),
});

/** The cursor and what people see of the inbox's progress. The row is ours since holdFence. */
const movePosition = async (tx: Write, { accountId, inboxId, now, page, messages }: PageToSave): Promise<void> => {
  const newestMail = Math.max(0, ...messages.map(({ envelope }) => envelope.receivedAt ?? 0));
  const newestSent = Math.max(0, ...messages.map(({ sent }) => sent?.sentAt ?? 0));
  const { warnings } = await tx
    .selectFrom("inboxes")
    .select("warnings")
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .executeTakeFirstOrThrow();
  const standing = together(fromJson<Warning[]>(warnings), page);
  await tx
    .updateTable("inboxes")
    .set((eb) => ({
      ...(page.cursor !== undefined && { cursor: toJson(page.cursor) }),
      ...(page.progress && { progress: toJson(page.progress) }),
      ...(standing !== null && { warnings: toJson(standing) }),
      ...(newestMail > 0 && {
        last_mail_at: eb.case().when("last_mail_at", ">=", newestMail).then(eb.ref("last_mail_at")).else(newestMail).end(),
      }),
      ...(newestSent > 0 && {
        last_sent_at: eb.case().when("last_sent_at", ">=", newestSent).then(eb.ref("last_sent_at")).else(newestSent).end(),
      }),
      updated_at: now,
    }))
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .execute();
};

/** One warning per code and folder: the newest, without those that are over. Null where a page changes nothing. */
const together = (old: readonly Warning[], { warnings, mended = [] }: PageToSave["page"]): Warning[] | null => {
  if (warnings.length + mended.length === 0) return null;
  const keyOf = ({ code, folder }: Pick<Warning, "code" | "folder">): string => `${code} ${folder ?? ""}`;
  const standing = new Map([...old, ...warnings].map((warning) => [keyOf(warning), warning]));
  for (const over of mended) standing.delete(keyOf(over));
  return [...standing.values()];
};
