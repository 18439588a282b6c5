import type { Exchange } from "../../src/ports/connector.ts";

/** What of a request and its answer may be shown to anybody: what was asked, and the shape of what came. */
export type Redacted = {
  method: string;
  path: string;
  query: { readonly [name: string]: readonly string[] };
  status: number;
  /** The names of the answer's header fields. */
  headers: readonly string[];
  /** The answer with each value replaced by one of the same type and format; null where it was no JSON. */
  body: unknown;
};

/** Parts of a path that are the provider's own words. Whatever else stands in a path is an id or an address. */
const words = new Set(
  "gmail v1 v1.0 users me profile messages history settings sendAs labels watch stop mailFolders childFolders inbox sentitems junkemail delta $value subscriptions".split(
    " ",
  ),
);

/** Parameters whose values are ours and the same for everybody. */
const plainParameters = new Set(
  "alt changeType fields format historyTypes includeSpamTrash maxResults metadataHeaders prettyPrint $expand $orderby $select $top".split(
    " ",
  ),
);

/** Values that are one word of a few the provider knows. */
const enumerations = new Set("code contentType flagStatus importance inferenceClassification reason status verificationStatus".split(" "));
const systemLabel = /^(?:INBOX|SENT|DRAFT|SPAM|TRASH|CHAT|UNREAD|STARRED|IMPORTANT)$/;

const instants = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const anInstant = "2000-01-01T00:00:00Z";

/**
 * Makes exchanges presentable, by what is known to be harmless and never by what looks like a secret: an id or an address in
 * a path becomes `id1`, `id2`, … and stays the same through one recording; a string of an answer becomes one of its format.
 */
export const createRedactor = (): ((exchange: Exchange) => Redacted) => {
  const ids = new Map<string, string>();

  const segment = (part: string): string => {
    if (part === "" || words.has(part)) return part;
    const known = ids.get(part) ?? `id${ids.size + 1}`;
    ids.set(part, known);
    return known;
  };

  return ({ method, url, status, headers, body }) => {
    const { pathname, searchParams } = new URL(url);
    const names = [...new Set(searchParams.keys())];
    return {
      method,
      path: pathname.split("/").map(segment).join("/"),
      query: Object.fromEntries(names.map((name) => [name, searchParams.getAll(name).map((value) => parameter(name, value))])),
      status,
      headers: [...headers].sort(),
      body: typeof body === "object" ? shape(body, "") : null,
    };
  };
};

const parameter = (name: string, value: string): string => {
  if (plainParameters.has(name)) return value;
  if (/^\d+$/.test(value)) return "0";
  const filter = value.replace(instants, anInstant);
  return name === "$filter" && /^[A-Za-z0-9_ '().:/,-]*$/.test(filter) ? filter : "text";
};

/** A list becomes its different shapes, so that it does not tell how much mail there is. */
const shape = (value: unknown, key: string): unknown => {
  if (typeof value === "string") return format(value, key);
  if (typeof value === "number") return key === "code" ? value : 0;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const shapes = value.map((item) => JSON.stringify(shape(item, key)));
    return [...new Set(shapes)].map((text) => JSON.parse(text) as unknown);
  }
  const entries = Object.entries(value).filter(([name]) => /^[A-Za-z]*(?:@(?:odata|microsoft)\.[A-Za-z.]+|@removed)?$/.test(name));
  return Object.fromEntries(entries.map(([name, inner]) => [name, shape(inner, name)]));
};

const format = (value: string, key: string): string => {
  if (value === "" || (enumerations.has(key) && /^[A-Za-z_]{1,60}$/.test(value))) return value;
  if (key === "labelIds" && systemLabel.test(value)) return value;
  if (/^\d+$/.test(value)) return "0";
  if (value.replace(instants, "") === "") return anInstant;
  if (/^[^\s@]+@[^\s@]+$/.test(value)) return "name@example.invalid";
  return /^[\w+/-]{200,}={0,2}$/.test(value) ? "AAAA" : "text";
};
