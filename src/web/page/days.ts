/** Days as a reader's calendar has them. */

const quarterMs = 900_000;
const dayMs = 86_400_000;

/** Tells the day ("2026-11-25") a time lies in, in a zone. */
export const dayTeller = (timeZone: string): ((at: number) => string) => {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return (at) => format.format(at);
};

/** The last days up to today, oldest first, and when the first of them began. */
export const lastDays = (now: number, count: number, timeZone: string): { days: string[]; since: number } => {
  const dayOf = dayTeller(timeZone);
  const today = Date.parse(dayOf(now));
  const days = Array.from({ length: count }, (_, at) => new Date(today - (count - 1 - at) * dayMs).toISOString().slice(0, 10));
  const [first = ""] = days;
  // Somewhere on Earth a day begins up to 14 hours before or 12 after it does in Greenwich, at a quarter of an hour.
  let since = Date.parse(first) - 15 * 3_600_000;
  while (dayOf(since) < first) since += quarterMs;
  return { days, since };
};
