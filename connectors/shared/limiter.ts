/**
 * Holds quotas in memory, for one process; those that several workers spend from it takes in blocks from what they share. An
 * inbox is worked by one worker at a time, so a mailbox's own quota needs no sharing.
 */
import type { Limiter } from "../../src/ports/connector.ts";
import { abortable } from "./abortable.ts";
import { sleep } from "./sleep.ts";

/** `burst` units may be spent at once, and `perSecond` of them come back every second. With `block` it is all workers' together. */
export type Quota = { burst: number; perSecond: number; block?: number };

/** Takes units off what all workers share; resolves with the milliseconds after which they may be spent. */
export type Withdraw = (key: string, units: number, quota: Quota) => Promise<number>;

export type LimiterOptions = {
  now: () => number;
  /** Quotas by the beginning of a key up to a colon or its end: `gmail:user` for `gmail:user:inb_1`. The longest counts; a key without one is not limited. */
  quotas?: { readonly [prefix: string]: Quota };
  /** Where quotas with a block are kept for several workers; without it this process is the only one. */
  withdraw?: Withdraw;
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
export const createLimiter = ({ now, quotas = {}, withdraw }: LimiterOptions): Limiter => {
  const buckets = new Map<string, Bucket>();
  const purses = new Map<string, Purse>();

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
      if (withdraw && quota?.block !== undefined) return takeShared(purseOf(purses, key), { key, units, quota, withdraw, now }, signal);
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

/** What a process took of a shared quota and has not spent. */
type Purse = { units: number; goodUntil: number; filling: Promise<void> | null };

/** Units that lie longer would be spent on top of a later minute's. */
const goodForMs = 1000;

const purseOf = (purses: Map<string, Purse>, key: string): Purse => {
  const purse = purses.get(key) ?? { units: 0, goodUntil: 0, filling: null };
  purses.set(key, purse);
  return purse;
};

type Taking = { key: string; units: number; quota: Quota; withdraw: Withdraw; now: () => number };

const takeShared = async (purse: Purse, taking: Taking, signal: AbortSignal): Promise<void> => {
  const { units, now } = taking;
  while (purse.units < units || purse.goodUntil <= now()) {
    // One at a time for everybody in this process, so that no more is taken than is needed.
    purse.filling ??= fill(purse, taking).finally(() => {
      purse.filling = null;
    });
    await abortable(purse.filling, signal);
  }
  purse.units -= units;
};

/** Where what is shared does not answer, nothing is spent, and it is asked again after a second. */
const fill = async (purse: Purse, { key, units, quota, withdraw, now }: Taking): Promise<void> => {
  const wanted = Math.max(units, quota.block ?? 0);
  const wait = await withdraw(key, wanted, quota).catch(() => null);
  await sleep(wait ?? 1000, forever);
  if (wait === null) return;
  purse.units = (purse.goodUntil > now() ? purse.units : 0) + wanted;
  purse.goodUntil = now() + goodForMs;
};

const forever = new AbortController().signal;

/** A bucket untouched for an hour is full again (or nearly), and making it anew gives the same. */
const forgetIdle = (buckets: Map<string, Bucket>, at: number): void => {
  for (const [key, bucket] of buckets) if (bucket.at < at - 3_600_000 && bucket.pausedUntil < at) buckets.delete(key);
};
