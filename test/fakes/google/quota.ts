import { type Answer, failure } from "./answer.ts";

/** Units by method ("Usage limits"). What is not in the list is not played. */
const units: { readonly [method: string]: number } = {
  "gmail.users.getProfile": 1,
  "gmail.users.labels.list": 1,
  "gmail.users.settings.sendAs.list": 1,
  "gmail.users.history.list": 2,
  "gmail.users.messages.list": 5,
  "gmail.users.messages.get": 20,
};

export type Spent = { requests: number; units: number };

export type Quota = {
  perUserPerMinute: number;
  /** How Google says no: both are seen. */
  refusal: 403 | 429;
  /** By method, since the start. */
  spent: Map<string, Spent>;
  /** Counts a call; the refusal when the user's minute is used up (refused calls cost nothing). */
  spend(user: string, method: string, now: number): Answer | null;
};

const minute = 60_000;

const refused = (status: 403 | 429, until: number): Answer => {
  const text = `User-rate limit exceeded.  Retry after ${new Date(until).toISOString()}`;
  return status === 403 ? failure(403, "userRateLimitExceeded", text) : failure(429, "rateLimitExceeded", text);
};

/** Quotas of one project, per user and minute. */
export const createQuota = (): Quota => {
  const used = new Map<string, { at: number; cost: number }[]>();
  const quota: Quota = {
    perUserPerMinute: 6000,
    refusal: 403,
    spent: new Map(),
    spend(user, method, now) {
      const cost = units[method] ?? 0;
      const recent = (used.get(user) ?? []).filter(({ at }) => at > now - minute);
      const sum = recent.reduce((total, each) => total + each.cost, 0);
      if (sum + cost > quota.perUserPerMinute) return refused(quota.refusal, (recent[0]?.at ?? now) + minute);
      used.set(user, [...recent, { at: now, cost }]);
      const { requests, units: before } = quota.spent.get(method) ?? { requests: 0, units: 0 };
      quota.spent.set(method, { requests: requests + 1, units: before + cost });
      return null;
    },
  };
  return quota;
};
