import type pino from "pino";
import {
  type Connector,
  ConnectorError,
  type Credentials,
  type Cursor,
  type Page,
  type Saved,
  type Session,
  type Tools,
} from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import type { Before, DueInbox } from "../ports/jobs.ts";
import { FenceLost } from "../store/errors.ts";
import { appendEvents, type NewEvent } from "../store/events.ts";
import { type Claim, holdFence } from "../store/fence.ts";
import { gapEvent, saveGaps } from "../store/gaps.ts";
import { inboxCredentials } from "../store/inbox-secrets.ts";
import { getInbox, type Inbox } from "../store/inboxes.ts";
import { dueOwed, nextOwedAt, type Owed, oweBegun } from "../store/owed.ts";
import { type PageToSave, type SavedMessage, savePage } from "../store/save-page.ts";
import type { Keys } from "../store/secrets.ts";
import { readVerdicts } from "../store/seen-messages.ts";
import { claimInbox, finishTurn } from "../store/turns.ts";
import { nextPoll, pollInterval, type TurnEnd } from "./next-poll.ts";
import { openSuspects, readUnread } from "./open-suspects.ts";
import { type PageDeps, processPage } from "./process-page.ts";
import type { SyncNews } from "./sync-news.ts";
import { unreadEnvelope } from "./unread-envelope.ts";

export type SyncDeps = {
  database: Database;
  keys: Keys;
  /** Null: there is no such connector (any more). */
  loadConnector: (provider: string) => Promise<Connector | null>;
  tools: (provider: string, credentials: Credentials, signal: AbortSignal) => Tools;
  now: () => number;
  log: Pick<pino.Logger, "info" | "warn" | "error">;
  /** Told what turns do, as it happens: what is counted and logged. Must not throw. */
  tell: (news: SyncNews) => void;
  pollEveryMs: number;
  /** After so long a turn lets other inboxes go on. */
  turnMs: number;
  maxMessageBytes: number;
};

/**
 * One turn on one inbox: claims it, tries again what is owed, reads pages until there is nothing new or the turn's time is
 * up, and sets when it is polled next. Never throws but for a database that does not answer: whatever else goes wrong is the
 * inbox's state. Null when somebody else has the inbox, or took it meanwhile. `before`: how the turn before ended; one that runs is
 * taken over unless that is `ended`.
 */
export const syncInbox = async (
  deps: SyncDeps,
  due: DueInbox,
  signal: AbortSignal,
  options: { before?: Before } = {},
): Promise<TurnEnd | null> => {
  const now = deps.now();
  // Longer than any turn: if this worker dies, somebody else takes the inbox after that.
  const busyUntil = now + deps.turnMs + 300_000;
  const claimed = await deps.database.transaction((tx) => claimInbox(tx, due.accountId, due.inboxId, { busyUntil, ...options }, now));
  if (!claimed) return null;
  try {
    const end = await runTurn(deps, claimed, signal);
    await endTurn(deps, claimed, end);
    deps.tell({ kind: "turn", inbox: claimed.inbox, end, ms: deps.now() - now });
    return end;
  } catch (error) {
    if (!(error instanceof FenceLost)) throw error;
    deps.log.info({ inboxId: due.inboxId }, "the inbox was taken by somebody else; nothing was written");
    return null;
  }
};

type Claimed = { inbox: Inbox; cursor: Cursor; claim: Claim };

const runTurn = async (deps: SyncDeps, claimed: Claimed, signal: AbortSignal): Promise<TurnEnd> => {
  try {
    return await readInbox(deps, claimed, signal);
  } catch (error) {
    if (error instanceof FenceLost) throw error;
    if (signal.aborted) return { kind: "more" };
    if (error instanceof ConnectorError)
      return { kind: "failed", error: error.kind, message: error.message, retryAfterMs: error.retryAfterMs };
    deps.log.error({ err: error, inboxId: claimed.inbox.id }, "a turn failed; a fault of ours");
    return { kind: "failed", error: "bug", message: "Something went wrong on our side; it is in the log.", retryAfterMs: null };
  }
};

const readInbox = async (deps: SyncDeps, { inbox, cursor, claim }: Claimed, signal: AbortSignal): Promise<TurnEnd> => {
  const connector = await deps.loadConnector(inbox.provider);
  if (!connector) throw new ConnectorError("rejected", `This installation has no connector called ${inbox.provider}.`);
  const { database, keys, now } = deps;
  const credentials = inboxCredentials({ database, keys, accountId: inbox.accountId, inboxId: inbox.id, now });
  const { id, address, settings } = inbox;
  const session = await connector.open(
    { id, address, settings, since: listSince(inbox, cursor) },
    deps.tools(inbox.provider, credentials, signal),
  );
  try {
    return await readPages(deps, session, inbox, cursor, claim, signal);
  } finally {
    await session.close();
  }
};

/** A position that was lost is made up for by listing again from a little before the newest mail seen, not from the beginning. */
const listSince = ({ since, lastMailAt }: Inbox, cursor: Cursor): number =>
  cursor === null && lastMailAt !== null ? Math.max(since, lastMailAt - overlapMs) : since;

const overlapMs = 3 * 86_400_000;

const readPages = async (
  deps: SyncDeps,
  session: Session,
  inbox: Inbox,
  cursor: Cursor,
  claim: Claim,
  signal: AbortSignal,
): Promise<TurnEnd> => {
  const { database, now, maxMessageBytes } = deps;
  const turn: Turn = {
    database,
    session,
    claim,
    own: inbox.addresses,
    now,
    signal,
    maxMessageBytes,
    inbox,
    tell: deps.tell,
    log: deps.log,
  };
  const endAt = now() + deps.turnMs;
  await tryOwedAgain(turn, endAt);
  if (now() >= endAt) return { kind: "more" };
  const saved: Saved = async (refs) => new Set((await readVerdicts(database.read, claim.accountId, claim.inboxId, refs)).keys());
  for await (const page of session.pull(cursor, saved)) {
    await readPage(turn, page);
    signal.throwIfAborted();
    if (now() >= endAt) return { kind: "more" };
  }
  return { kind: "done" };
};

type Turn = PageDeps & { inbox: Inbox } & Pick<SyncDeps, "tell" | "log">;

const readPage = async (turn: Turn, page: Page): Promise<void> => {
  const messages = [...(await processPage(turn, page.messages, page.backfill)), ...(await oweUnread(turn, page))];
  const { cursor, backfill, gaps, warnings, mended, progress } = page;
  await save(turn, { cursor, backfill, gaps, warnings, ...(mended && { mended }), progress }, messages);
};

const notRead = "The mailbox lists it, and could not give it.";
const readLaterMs = 60_000;

/** What of a page is to be read later, but for what was read before. */
const oweUnread = async ({ database, claim, now }: Turn, { unread = [] }: Page): Promise<SavedMessage[]> => {
  if (unread.length === 0) return [];
  const known = await readVerdicts(
    database.read,
    claim.accountId,
    claim.inboxId,
    unread.map(({ ref }) => ref),
  );
  return unread
    .filter(({ ref }) => !known.has(ref))
    .map((one) => ({
      envelope: unreadEnvelope(one),
      verdict: "owed",
      facts: null,
      owed: { error: notRead, dueAt: now() + readLaterMs },
    }));
};

const save = async (turn: Turn, page: PageToSave["page"], messages: readonly SavedMessage[]): Promise<void> => {
  const now = turn.now();
  const saved = await savePage(turn.database, { ...turn.claim, now, page, messages });
  turn.tell({ kind: "page", inbox: turn.inbox, backfill: page.backfill, messages, saved, now });
};

const owedAtOnce = 50;

/**
 * Tries again what is owed and due, each message begun and saved by itself: one of them may be what took a worker down, and
 * nothing innocent shall be counted with it. All of it before any page, which would begin them in company again.
 */
const tryOwedAgain = async (turn: Turn, endAt: number): Promise<void> => {
  const { claim, database, now } = turn;
  while (now() < endAt) {
    const owed = await dueOwed(database.read, claim.accountId, claim.inboxId, now(), owedAtOnce);
    if (owed.length === 0) return;
    for (const one of owed) await openOwed(turn, one).catch((error: unknown) => leaveOwed(turn, one, error));
  }
};

/** What cannot be saved of one message keeps no other from being read; what concerns the whole inbox ends the turn. */
const leaveOwed = async ({ database, claim, now, log, signal }: Turn, { envelope }: Owed, error: unknown): Promise<void> => {
  if (error instanceof FenceLost || error instanceof ConnectorError || signal.aborted) throw error;
  log.error({ err: error, inboxId: claim.inboxId, ref: envelope.ref }, "what was found in a message could not be saved; tried again later");
  await database.transaction(async (tx) => {
    await holdFence(tx, claim);
    await oweBegun(tx, claim.accountId, claim.inboxId, now());
  });
};

const triedAgain = [{ step: "owed", because: "It could not be opened before; tried again." }];
const judgedAgain = [{ step: "reclassified", because: "It was not opened at first; newer rules find signs of a notice in its header." }];

const openOwed = async (turn: Turn, owed: Owed): Promise<void> => {
  const page = { backfill: owed.backfill, gaps: [], warnings: [], progress: null };
  await save(turn, page, await workOwed(turn, owed));
};

const workOwed = async (deps: PageDeps, { envelope, backfill, attempts, judge }: Owed): Promise<SavedMessage[]> => {
  if (envelope.headers.size === 0) {
    const found = await readUnread(deps, { envelope, backfill, steps: triedAgain });
    return "verdict" in found ? [found] : processPage(deps, [found.envelope], backfill, { again: true });
  }
  if (judge) return processPage(deps, [envelope], backfill, { again: true });
  const steps = attempts === 0 ? judgedAgain : triedAgain;
  return [...(await openSuspects(deps, [{ envelope, backfill, steps }])).values()];
};

const endTurn = async (deps: SyncDeps, { inbox, cursor, claim }: Claimed, end: TurnEnd): Promise<void> => {
  const now = deps.now();
  // There is progress to show as long as a first sync runs; it is taken away when a turn has read everything.
  const firstSyncDone = end.kind === "done" || (cursor !== null && inbox.progress === null);
  const lastSentAt = (await getInbox(deps.database.read, claim.accountId, claim.inboxId))?.lastSentAt ?? null;
  const interval = pollInterval(lastSentAt, now, deps.pollEveryMs);
  const next = nextPoll(end, { failedPolls: inbox.failedPolls, firstSyncDone }, now, interval);
  const owedAt = await nextOwedAt(deps.database.read, claim.accountId, claim.inboxId);
  const { state, detail, failedPolls, forgetCursor } = next;
  const nextPollAt = end.kind === "done" && next.at !== null ? Math.max(now, Math.min(next.at, owedAt ?? next.at)) : next.at;
  const progress = end.kind === "done" ? null : undefined;
  await deps.database.transaction(async (tx) => {
    const after = await finishTurn(tx, claim, { state, stateDetail: detail, nextPollAt, failedPolls, progress, forgetCursor }, now);
    // What was begun and is neither saved nor released by now is not done.
    if (end.kind === "failed") await oweBegun(tx, claim.accountId, claim.inboxId, now);
    const events = stateEvents(inbox, after);
    if (forgetCursor) {
      const gap = {
        folder: "",
        from: inbox.lastMailAt,
        to: now,
        because: "The provider no longer knew where we had stopped; listed again with an overlap.",
      };
      for (const saved of await saveGaps(tx, claim.accountId, claim.inboxId, [gap], now)) events.push(gapEvent(saved, inbox.id, false));
    }
    await appendEvents(tx, claim.accountId, events, now);
  });
};

/** Events that tell of a change of state that somebody should know. */
const stateEvents = (before: Inbox, after: Inbox): NewEvent[] => {
  if (before.state === after.state) return [];
  const data = { inboxId: after.id, address: after.address, state: after.state, previousState: before.state };
  const tell = (type: string): NewEvent[] => [{ type, backfill: false, data }];
  if (after.state === "reconnect_needed") return tell("inbox.attention_required");
  if (before.state === "first_sync" && after.state === "watching") return tell("inbox.first_sync_completed");
  if ((before.state === "reconnect_needed" || before.state === "unreachable") && after.state === "watching") return tell("inbox.recovered");
  return [];
};
