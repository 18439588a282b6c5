/** Epoch milliseconds as RFC 3339 in UTC. */
export const rfc3339 = (at: number): string => new Date(at).toISOString();

/** The same, where there may be none. */
export const rfc3339OrNull = (at: number | null): string | null => (at === null ? null : rfc3339(at));
