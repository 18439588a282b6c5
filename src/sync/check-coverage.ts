import type { Envelope } from "../bounces/envelope.ts";
import { ConnectorError, type Page, type Saved } from "../ports/connector.ts";
import type { CoverageNote, InboxState } from "../ports/database.ts";
import { beginCoverage, type Coverage, readCoverage, saveCoverage, saveCoverageProgress } from "../store/coverage.ts";
import { appendEvents } from "../store/events.ts";
import { gapEvent } from "../store/gaps.ts";
import { inboxCredentials } from "../store/inbox-secrets.ts";
import { getInbox, type Inbox } from "../store/inboxes.ts";
import { oweMissed } from "../store/owed.ts";
import { readVerdicts } from "../store/seen-messages.ts";
import { pollNow } from "../store/turns.ts";
import type { SyncDeps } from "./sync-inbox.ts";
import { unreadEnvelope } from "./unread-envelope.ts";

export type CoverageDeps = Pick<SyncDeps, "database" | "keys" | "loadConnector" | "tools" | "now" | "log">;

const minute = 60_000;
const day = 24 * 60 * minute;

/** A comparison ends after this long, wherever it is then. */
const longestMs = 10 * minute;
/** What came just before the newest poll may still be on its way into the store. */
const marginMs = 5 * minute;
const usualDays = 7;

/** Why an inbox in this state cannot be compared; null where it can. */
const obstacle = (state: InboxState): CoverageNote | null => {
  if (state === "first_sync") return "first_sync";
  return state === "watching" || state === "waiting" || state === "unreachable" ? null : "not_polled";
};

type Options = { days?: number; signal?: AbortSignal };

/**
 * Compares what the provider holds of the last days with our rows. It lists the mailbox in a session of its own, beside any turn: it
 * moves no position and holds no fence, and no failure of it is one of the inbox. What is missing becomes owed, for the next turn to
 * judge. Null when there is no such inbox, or another comparison of it runs.
 */
export const checkCoverage = async (
  deps: CoverageDeps,
  accountId: string,
  inboxId: string,
  options: Options = {},
): Promise<Coverage | null> => {
  const begun = await beginCheck(deps, accountId, inboxId, options);
  return begun?.done ?? null;
};

/** As `checkCoverage`, for who does not wait for the end: resolves as soon as everybody can see that it runs. */
export const beginCheck = async (
  deps: CoverageDeps,
  accountId: string,
  inboxId: string,
  { days = usualDays, signal = new AbortController().signal }: Options = {},
): Promise<{ done: Promise<Coverage | null> } | null> => {
  const { database } = deps;
  if (!(await database.transaction((tx) => beginCoverage(tx, accountId, inboxId, longestMs, deps.now())))) return null;
  const work = async (): Promise<Coverage | null> => {
    const inbox = await getInbox(database.read, accountId, inboxId);
    if (inbox) await compareAndSave(deps, inbox, days, signal);
    return (await readCoverage(database.read, accountId, [inboxId])).get(inboxId) ?? null;
  };
  return { done: work() };
};

const compareAndSave = async (deps: CoverageDeps, inbox: Inbox, days: number, signal: AbortSignal): Promise<void> => {
  const { database, now } = deps;
  const note = obstacle(inbox.state);
  if (note !== null) {
    await database.transaction((tx) => saveCoverage(tx, inbox.accountId, inbox.id, { note, detail: null }, now()));
    return;
  }
  const to = Math.min(now(), inbox.lastPollAt ?? now()) - marginMs;
  const from = Math.max(inbox.since, to - days * day);
  const listed = await listMailbox(deps, inbox, { from, to }, signal);
  await saveFound(deps, inbox, { from, to }, listed);
};

/** What the provider was found to hold: every ref, and the envelopes it told. */
type Listed = { refs: Set<string>; told: Map<string, Envelope>; note: CoverageNote | null; detail: string | null };

const listMailbox = async (deps: CoverageDeps, inbox: Inbox, { from, to }: Stretch, signal: AbortSignal): Promise<Listed> => {
  const { database, keys, now } = deps;
  const listed: Listed = { refs: new Set(), told: new Map(), note: null, detail: null };
  const { accountId, id, address, settings } = inbox;
  const until = now() + longestMs;
  // Some connectors only ask which of these are saved, and tell no more of those that are.
  const saved: Saved = async (refs) => {
    const known = await readVerdicts(database.read, accountId, id, refs);
    for (const ref of known.keys()) listed.refs.add(ref);
    return new Set(known.keys());
  };
  try {
    const connector = await deps.loadConnector(inbox.provider);
    if (!connector) throw new ConnectorError("rejected", `This installation has no connector called ${inbox.provider}.`);
    const credentials = inboxCredentials({ database, keys, accountId, inboxId: id, now });
    const session = await connector.open({ id, address, settings, since: from }, deps.tools(inbox.provider, credentials, signal));
    try {
      for await (const page of session.pull(null, saved)) {
        take(listed, page, { from, to });
        await database.transaction((tx) => saveCoverageProgress(tx, accountId, id, listed.refs.size));
        signal.throwIfAborted();
        if (now() >= until) return { ...listed, note: "time" };
      }
    } finally {
      await session.close();
    }
    return listed;
  } catch (error) {
    if (signal.aborted) return { ...listed, note: "time" };
    if (error instanceof ConnectorError)
      return { ...listed, note: error.kind === "rate_limited" ? "rate_limited" : "failed", detail: error.message };
    deps.log.error({ err: error, inboxId: id }, "a comparison failed; a fault of ours");
    return { ...listed, note: "failed", detail: "Something went wrong on our side; it is in the log." };
  }
};

type Stretch = { from: number; to: number };

const take = (listed: Listed, page: Page, { from, to }: Stretch): void => {
  for (const envelope of [...page.messages, ...(page.unread ?? []).map(unreadEnvelope)]) {
    const { ref, receivedAt } = envelope;
    if (receivedAt !== null && (receivedAt < from || receivedAt >= to)) continue;
    listed.refs.add(ref);
    listed.told.set(ref, envelope);
  }
};

/** What is missing is looked for once more at the end: a turn may have saved it meanwhile. */
const saveFound = async (deps: CoverageDeps, inbox: Inbox, { from, to }: Stretch, listed: Listed): Promise<void> => {
  const { database, now } = deps;
  const { accountId, id } = inbox;
  const known = await readVerdicts(database.read, accountId, id, [...listed.told.keys()]);
  const missed = [...listed.told.values()].filter(({ ref }) => !known.has(ref));
  const missing = missed.map(({ ref, folder, receivedAt }) => ({ ref, folder, receivedAt }));
  const [providerCount, ourCount] = [listed.refs.size, listed.refs.size - missing.length];
  const { note, detail } = listed;
  await database.transaction(async (tx) => {
    await saveCoverage(tx, accountId, id, { from, to, providerCount, ourCount, missing, note, detail }, now());
    const owed = await oweMissed(
      tx,
      accountId,
      id,
      // Found late is still no news of last month.
      missed.map((envelope) => ({ envelope, backfill: envelope.receivedAt !== null && envelope.receivedAt < inbox.createdAt })),
      now(),
    );
    if (owed.length === 0) return;
    await pollNow(tx, accountId, id, now());
    const because = `${owed.length} ${owed.length === 1 ? "message" : "messages"} of the mailbox had no record here; queued to be read.`;
    await appendEvents(tx, accountId, [gapEvent({ folder: "", from, to, because }, id, false)], now());
  });
};
