/** Slows guessing down: so many wrong tries from one place, or for one address, and nobody from there, or for it, may try for a while. */
export type SignInGuard = {
  /** Minutes to wait before the next try; null when it may be made. */
  wait(keys: readonly string[], now: number): number | null;
  /** A try failed. */
  failed(keys: readonly string[], now: number): void;
  /** A try went well: the address is free again, the place is not. */
  succeeded(key: string): void;
};

const windowMs = 15 * 60_000;
const mostTries = 10;
const kept = 10_000;

export const createSignInGuard = (): SignInGuard => {
  const failures = new Map<string, number[]>();
  const recent = (key: string, now: number): number[] => (failures.get(key) ?? []).filter((at) => at > now - windowMs);
  return {
    wait(keys, now) {
      const until = keys.map((key) => recent(key, now)).filter((tries) => tries.length >= mostTries);
      if (until.length === 0) return null;
      const end = Math.max(...until.map((tries) => (tries.at(-mostTries) ?? now) + windowMs));
      return Math.max(1, Math.ceil((end - now) / 60_000));
    },
    failed(keys, now) {
      for (const key of keys) failures.set(key, [...recent(key, now), now].slice(-mostTries));
      // The oldest keys first: a Map keeps them in the order they were made.
      for (const key of failures.keys()) {
        if (failures.size <= kept && recent(key, now).length > 0) break;
        failures.delete(key);
      }
    },
    succeeded: (key) => void failures.delete(key),
  };
};
