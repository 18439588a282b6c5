import type { HeaderFields } from "../../src/bounces/envelope.ts";

const parseDate = (text: string | undefined): number | null => {
  const at = Date.parse((text ?? "").replace(/\([^()]*\)/g, " ").trim());
  return Number.isNaN(at) ? null : at;
};

/**
 * When a message came in (epoch milliseconds): the date of the topmost Received field (RFC 5321, 4.4: after its last
 * semicolon), which the owner's own server wrote; else what the store says; else Date; else null. The file's own times come
 * last of all, since a copied or checked-out file carries the time of the copy.
 */
export const arrivalTime = (fields: HeaderFields, stored: number | null, file: number | null): number | null =>
  parseDate(fields.get("received")?.[0]?.split(";").at(-1)) ?? stored ?? parseDate(fields.get("date")?.[0]) ?? file;
