const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** After each failure; the last one again and again. Never longer, since order waits with the event when the receiver is back. */
const waits = [5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, hour];
/** How long one event is tried. */
const triedFor = 72 * hour;
/** A receiver may ask for a longer wait, within reason. */
const longestAsked = 24 * hour;

/**
 * When an event that was refused is tried again, or null when it was tried for three days. `attempts` are those that failed
 * before this one, `failingSince` the first of them; `random` (0 to 1) spreads the attempts by a tenth, so that endpoints which
 * failed together do not come back together.
 */
export const retryAt = (
  failure: { attempts: number; failingSince: number | null; retryAfterMs: number | null },
  random: number,
  now: number,
): number | null => {
  if (now - (failure.failingSince ?? now) >= triedFor) return null;
  const wait = waits[Math.min(failure.attempts, waits.length - 1)] ?? hour;
  return now + Math.round(Math.max(wait * (1 + random / 10), Math.min(failure.retryAfterMs ?? 0, longestAsked)));
};
