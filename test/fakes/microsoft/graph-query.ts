import type { FakeMessage } from "./fake-message.ts";

/** The part of OData that mail in Graph takes ("List messages"). Throws what the service would answer with 400. */
export class BadQuery extends Error {
  override name = "BadQuery";
}

type Test = (message: FakeMessage) => boolean;

const received = /^receivedDateTime (ge|gt|le|lt) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)$/;
const messageId = /^internetMessageId eq '((?:[^']|'')*)'$/;
const messageClass =
  /^singleValueExtendedProperties\/any\(ep: ?ep\/id eq '([^']+)' and (?:ep\/value eq '([^']*)'|startswith\(ep\/value, ?'([^']*)'\))\)$/;

const compare: { readonly [operator: string]: (a: number, b: number) => boolean } = {
  ge: (a, b) => a >= b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  lt: (a, b) => a < b,
};

const clause = (text: string): Test => {
  const [, operator, instant] = received.exec(text) ?? [];
  if (operator && instant) return ({ receivedAt }) => compare[operator]?.(receivedAt, Date.parse(instant)) ?? false;
  const [, wanted] = messageId.exec(text) ?? [];
  if (wanted !== undefined) return ({ row }) => row.internetMessageId === wanted.replaceAll("''", "'");
  const [, id, whole, start] = messageClass.exec(text) ?? [];
  if (id?.toLowerCase() === "string 0x001a") {
    return (message) => (whole === undefined ? message.messageClass.startsWith(start ?? "") : message.messageClass === whole);
  }
  throw new BadQuery(`Invalid filter clause: ${text}`);
};

/** `and` inside any(...) belongs to it. */
const clauses = (filter: string): string[] => (filter.includes("/any(") ? [filter] : filter.split(/ and /i)).map((part) => part.trim());

export const readFilter = (filter: string | null): Test => {
  if (filter === null) return () => true;
  const tests = clauses(filter).map(clause);
  return (message) => tests.every((test) => test(message));
};

/** delta takes only receivedDateTime ge or gt ("message: delta", OData query parameters). */
export const readDeltaFilter = (filter: string | null): Test => {
  if (filter !== null && !/^receivedDateTime (ge|gt) \S+$/.test(filter))
    throw new BadQuery("The filter is not supported for change tracking.");
  return readFilter(filter);
};

/** Properties in $orderby must stand in $filter too, and first ("List messages", using filter and orderby in the same query). */
export const readOrder = (order: string | null, filter: string | null): ((a: FakeMessage, b: FakeMessage) => number) => {
  if (order !== null && !/^receivedDateTime( desc| asc)?$/.test(order)) throw new BadQuery(`The order ${order} is not supported.`);
  if (order !== null && filter !== null && !filter.startsWith("receivedDateTime")) {
    throw new BadQuery("The restriction or sort order is too complex for this operation.");
  }
  const direction = order?.endsWith(" asc") || order === "receivedDateTime" ? 1 : -1;
  return (a, b) => direction * (a.receivedAt - b.receivedAt);
};
