import type { ConnectorErrorKind } from "../ports/connector.ts";
import type { InboxState } from "../ports/database.ts";

/** How a turn on an inbox ended. `bug`: something other than a ConnectorError was thrown. */
export type TurnEnd =
  | { kind: "done" }
  | { kind: "more" }
  | { kind: "failed"; error: ConnectorErrorKind | "bug"; message: string; retryAfterMs: number | null };

export type NextPoll = {
  state: InboxState;
  detail: { error?: string; kind?: string; until?: number };
  /** Null: not polled again until a person does something. */
  at: number | null;
  failedPolls: number;
  /** True: the cursor is of no use any more; list again from a bounded window. */
  forgetCursor: boolean;
};

const second = 1000;
const longestWait = 3600 * second;

const hour = 3600 * second;

/**
 * How often an inbox with nothing new is looked at: a notice follows a sent message, most within minutes, nearly all within a
 * week. `usually` is the interval of an inbox that sent something today, and of one of which we have seen nothing sent.
 */
export const pollInterval = (lastSentAt: number | null, now: number, usually: number): number => {
  const quietFor = lastSentAt === null ? 12 * hour : now - lastSentAt;
  if (quietFor < hour) return usually / 2;
  if (quietFor < 24 * hour) return usually;
  return quietFor < 168 * hour ? usually * 5 : usually * 15;
};

/**
 * Decides, from how a turn ended, what state the inbox is in and when it is polled again. The only place that knows what each
 * kind of error means. A rate limit is no failure: it never counts towards the back-off, and the wait asked for is kept.
 */
export const nextPoll = (
  end: TurnEnd,
  inbox: { failedPolls: number; firstSyncDone: boolean },
  now: number,
  pollEveryMs: number,
): NextPoll => {
  const healthy: InboxState = inbox.firstSyncDone ? "watching" : "first_sync";
  const go = (at: number): NextPoll => ({ state: healthy, detail: {}, at, failedPolls: 0, forgetCursor: false });
  if (end.kind === "done") return go(now + pollEveryMs);
  if (end.kind === "more") return go(now);

  const failedPolls = end.error === "rate_limited" ? inbox.failedPolls : inbox.failedPolls + 1;
  const backOff = Math.min(longestWait, 15 * second * 2 ** Math.min(failedPolls, 10));
  const fail = (state: InboxState, at: number | null, forgetCursor = false): NextPoll => {
    const until = end.error === "rate_limited" && at !== null ? { until: at } : {};
    return { state, detail: { error: end.message, kind: end.error, ...until }, at, failedPolls, forgetCursor };
  };
  switch (end.error) {
    case "auth":
      return fail("reconnect_needed", null);
    case "rate_limited":
      return fail("waiting", now + Math.max(end.retryAfterMs ?? 60 * second, second));
    case "cursor_expired":
      return fail(healthy, now, true);
    case "unavailable":
    case "rejected":
    case "bug":
      return fail("unreachable", now + Math.max(end.retryAfterMs ?? 0, backOff));
  }
};
