/** What the clock in a zone shows at a time, as if it were UTC. */
const shownAt = (at: number, timeZone: string): number => {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(at);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
};

/** The time a `datetime-local` field means to somebody in a zone; null where it is none. Of an hour the clock shows twice the first. */
export const fromLocal = (value: string, timeZone: string): number | null => {
  const wanted = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(`${value.slice(0, 16)}:00Z`) : Number.NaN;
  if (Number.isNaN(wanted)) return null;
  const first = wanted - (shownAt(wanted, timeZone) - wanted);
  return first - (shownAt(first, timeZone) - wanted);
};

/** A time as a `datetime-local` field of somebody in a zone shows it. */
export const toLocal = (at: number, timeZone: string): string => new Date(shownAt(at, timeZone)).toISOString().slice(0, 16);
