/** Holds quotas in memory, for one process. Several workers need a limiter whose state lies in their database. */
import type { Limiter } from "../../src/ports/connector.ts";
import { sleep } from "./sleep.ts";

/** `burst` units may be spent at once, and `perSecond` of them come back every second. */
export type Quota = { burst: number; perSecond: number };

export type LimiterOptions = {
  now: () => number;
  /** Quotas by the beginning of a key up to a colon or its end: `gmail:user` for `gmail:user:inb_1`. The longest counts; a key without one is not limited. */
  quotas?: { readonly [prefix: string]: Quota };
};

/** `level` is what may be spent now; below zero it is what others already wait for, which keeps the queue in order. */
type Bucket = { level: number; at: number; pausedUntil: number };

const bucketsKept = 10_000;

const quotaOf = (key: string, quotas: { readonly [prefix: string]: Quota }): Quota | undefined => {
  for (let prefix = key; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(":"))))
    if (Object.hasOwn(quotas, prefix)) return quotas[prefix];
  return undefined;
};

const refill = (bucket: Bucket, quota: Quota, at: number): void => {
  bucket.level = Math.min(quota.burst, bucket.level + (Math.max(0, at - bucket.at) / 1000) * quota.perSecond);
  bucket.at = at;
};

/** Milliseconds until a bucket may be used again. */
const delay = (bucket: Bucket, debt: number, perSecond: number, at: number): number =>
  Math.max(bucket.pausedUntil - at, debt > 0 ? Math.ceil((debt / perSecond) * 1000) : 0);

/**
 * A Limiter as ports/connector.ts describes it: a token bucket per key. `take` rejects with the signal's reason when it is
 * aborted, and then has spent nothing.
 */
export const createLimiter = ({ now, quotas = {} }: LimiterOptions): Limiter => {
  const buckets = new Map<string, Bucket>();

  const bucketOf = (key: string, quota: Quota | undefined): Bucket => {
    const known = buckets.get(key);
    if (known) return known;
    if (buckets.size >= bucketsKept) forgetIdle(buckets, now());
    const bucket = { level: quota?.burst ?? 0, at: now(), pausedUntil: 0 };
    buckets.set(key, bucket);
    return bucket;
  };

  return {
    async take(key, units, signal) {
      signal.throwIfAborted();
      const quota = quotaOf(key, quotas);
      const bucket = bucketOf(key, quota);
      if (quota) {
        refill(bucket, quota, now());
        bucket.level -= units;
      }
      const debt = quota ? -bucket.level : 0;
      try {
        await sleep(delay(bucket, debt, quota?.perSecond ?? 1, now()), signal);
        // A pause may have begun, or grown longer, while we waited.
        while (bucket.pausedUntil > now()) await sleep(bucket.pausedUntil - now(), signal);
      } catch (aborted) {
        bucket.level += quota ? units : 0;
        throw aborted;
      }
    },
    pause(key, until) {
      const bucket = bucketOf(key, quotaOf(key, quotas));
      bucket.pausedUntil = Math.max(bucket.pausedUntil, until);
    },
  };
};

/** A bucket untouched for an hour is full again (or nearly), and making it anew gives the same. */
const forgetIdle = (buckets: Map<string, Bucket>, at: number): void => {
  for (const [key, bucket] of buckets) if (bucket.at < at - 3_600_000 && bucket.pausedUntil < at) buckets.delete(key);
};
