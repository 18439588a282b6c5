import { sql } from "kysely";

/**
 * What follows the event log one event at a time, at its own speed: a webhook endpoint, a CRM. Its row holds the position, the lease
 * of whoever is at it, and how the event after the position fared. These are the steps that mean the same for all of them.
 */
export type FollowerStep =
  /** The next event was taken: the turn goes on until `busyUntil`. */
  | { kind: "taken"; sequence: number; busyUntil: number }
  /** Nothing up to here is for this follower. */
  | { kind: "passed"; sequence: number; busyUntil: number }
  /** Refused; it is next again at `dueAt`, and the turn is over. */
  | { kind: "failed"; error: string; dueAt: number }
  /** Refused for the last time: it becomes a dead letter, order goes on, and the turn is over. */
  | { kind: "dead"; sequence: number; error: string }
  /** The turn is over; there may be more. */
  | { kind: "ended" };

/** The columns of a follower's row after a step. */
export const followerColumns = (step: FollowerStep, now: number) => {
  const anew = { attempts: 0, failing_since: null };
  switch (step.kind) {
    case "taken":
      return { ...anew, position: step.sequence, busy_until: step.busyUntil, last_error: null, last_error_at: null };
    case "passed":
      return { position: step.sequence, busy_until: step.busyUntil };
    case "failed":
      return {
        busy_until: null,
        due_at: step.dueAt,
        attempts: sql<number>`attempts + 1`,
        failing_since: sql<number>`coalesce(failing_since, ${now})`,
        last_error: step.error,
        last_error_at: now,
      };
    case "dead":
      return { ...anew, busy_until: null, due_at: now, position: step.sequence, last_error: step.error, last_error_at: now };
    case "ended":
      return { busy_until: null, due_at: now };
  }
};

/** True of a row that nobody is at, or whose worker is believed dead. `busyUntil` names the column. */
export const nobodyAtIt = (busyUntil: string, now: number) =>
  sql<boolean>`(${sql.ref(busyUntil)} is null or ${sql.ref(busyUntil)} <= ${now})`;
