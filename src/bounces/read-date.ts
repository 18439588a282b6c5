/** Dates of header and report fields (RFC 5322, section 3.3, with the obsolete zones of 4.3). */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const zones = new Map([
  ["edt", -240],
  ["est", -300],
  ["cdt", -300],
  ["cst", -360],
  ["mdt", -360],
  ["mst", -420],
  ["pdt", -420],
  ["pst", -480],
  ["jst", 540],
]);

/** Minutes east of Greenwich. A zone nobody knows is read as Greenwich, never as the zone of this machine. */
const zoneMinutes = (zone: string): number => {
  const numeric = /^([+-])(\d{2})(\d{2})$/.exec(zone);
  if (!numeric) return zones.get(zone.toLowerCase()) ?? 0;
  return (numeric[1] === "-" ? -1 : 1) * (Number(numeric[2]) * 60 + Number(numeric[3]));
};

const shape = /(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-]\d{4}|[A-Za-z]{1,5})?/;

/** Epoch milliseconds of "Wed, 25 Nov 2026 15:50:49 +0100"; null for what is no such date. */
export const readDate = (value: string | null | undefined): number | null => {
  const found = shape.exec((value ?? "").slice(0, 200));
  if (!found) return null;
  const month = months.indexOf((found[2] ?? "").toLowerCase());
  const day = Number(found[1]);
  const year = Number(found[3]);
  if (month < 0 || day < 1 || day > 31) return null;
  const fullYear = (found[3] ?? "").length === 2 ? year + (year < 50 ? 2000 : 1900) : year;
  const utc = Date.UTC(fullYear, month, day, Number(found[4]), Number(found[5]), Number(found[6] ?? 0));
  return utc - zoneMinutes(found[7] ?? "") * 60_000;
};
