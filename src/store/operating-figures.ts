/** What an operator watches, over all accounts. Every statement reads tables that are as long as there are inboxes or endpoints, or what is due in them. */
import type { InboxState, Read } from "../ports/database.ts";

export type OperatingFigures = {
  inboxes: { provider: string; state: InboxState; count: number }[];
  /** Inboxes whose next poll is due, and since when the longest has been (epoch milliseconds). A turn under way is not due. */
  overdue: { count: number; since: number | null };
  /** Messages that could not be opened yet, and since when the oldest is due. */
  owed: { count: number; since: number | null };
  /** Messages the newest comparisons with providers found missing. */
  missing: number;
  /** Events that endpoints were not sent yet, the longest queue of one, and since when the longest failing one fails. */
  webhooks: { behind: number; most: number; failingSince: number | null };
};

export const readOperatingFigures = async (read: Read, now: number): Promise<OperatingFigures> => {
  const inboxes = await read
    .selectFrom("inboxes")
    .select((eb) => ["provider", "state", eb.fn.countAll<number>().as("count")])
    .where("state", "<>", "erased")
    .groupBy(["provider", "state"])
    .execute();
  const overdue = await read
    .selectFrom("inboxes")
    .select((eb) => [eb.fn.countAll<number>().as("count"), eb.fn.min("next_poll_at").as("since")])
    .where("next_poll_at", "<=", now)
    .executeTakeFirstOrThrow();
  const owed = await read
    .selectFrom("owed")
    .select((eb) => [eb.fn.countAll<number>().as("count"), eb.fn.min("due_at").as("since")])
    .executeTakeFirstOrThrow();
  const coverage = await read
    .selectFrom("coverage_checks")
    .select((eb) => eb.fn.sum<number | null>(eb("provider_count", "-", eb.ref("our_count"))).as("missing"))
    .executeTakeFirstOrThrow();
  const webhooks = await read
    .selectFrom("webhooks as w")
    .innerJoin("accounts as a", "a.id", "w.account_id")
    .select((eb) => [
      eb.fn.sum<number | null>(eb("a.event_seq", "-", eb.ref("w.position"))).as("behind"),
      eb.fn.max<number | null>(eb("a.event_seq", "-", eb.ref("w.position"))).as("most"),
      eb.fn.min("w.failing_since").as("failing_since"),
    ])
    .where("w.enabled", "=", 1)
    .executeTakeFirstOrThrow();
  return {
    inboxes: inboxes.map((row) => ({ ...row, count: Number(row.count) })),
    overdue: { count: Number(overdue.count), since: numberOrNull(overdue.since) },
    owed: { count: Number(owed.count), since: numberOrNull(owed.since) },
    missing: Number(coverage.missing ?? 0),
    webhooks: {
      behind: Number(webhooks.behind ?? 0),
      most: Number(webhooks.most ?? 0),
      failingSince: numberOrNull(webhooks.failing_since),
    },
  };
};

const numberOrNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));
