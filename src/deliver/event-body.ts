import type { Json } from "../ports/connector.ts";
import type { StoredEvent } from "../store/events.ts";

/** An event as webhooks and `GET /v1/events` give it (surfaces.md). */
export type EventBody = {
  id: string;
  object: "event";
  type: string;
  timestamp: string;
  sequence: number;
  accountId: string;
  backfill: boolean;
  data: { [key: string]: unknown };
};

/** Receivers are promised bodies under 20 KB; UTF-8 bytes. */
export const largestBody = 20_000;

/**
 * The body of an event. One that would be too large is cut: long texts first (the server's own words are the long ones), then
 * long lists (a history keeps its newest entries), then everything but ids and states; `data.truncated` says so. The whole is at
 * the object's own address in the API.
 */
export const eventBody = (event: StoredEvent): EventBody => {
  const whole: EventBody = {
    id: event.id,
    object: "event",
    type: event.type,
    timestamp: new Date(event.at).toISOString(),
    sequence: event.sequence,
    accountId: event.accountId,
    backfill: event.backfill,
    data: event.data as EventBody["data"],
  };
  if (fits(whole)) return whole;
  for (const limits of stages) {
    const cut = { ...whole, data: { ...(shorten(event.data, limits) as EventBody["data"]), truncated: true } };
    if (fits(cut)) return cut;
  }
  return { ...whole, data: { truncated: true } };
};

type Limits = { text: number; list: number; depth: number };

const stages: readonly Limits[] = [
  { text: 1_000, list: 1_000, depth: 20 },
  { text: 300, list: 50, depth: 20 },
  { text: 200, list: 10, depth: 20 },
  { text: 100, list: 3, depth: 3 },
];

const fits = (body: EventBody): boolean => Buffer.byteLength(JSON.stringify(body)) < largestBody;

const shorten = (value: Json, limits: Limits): Json => {
  if (typeof value === "string") return value.length > limits.text ? `${value.slice(0, limits.text).toWellFormed()}…` : value;
  if (typeof value !== "object" || value === null) return value;
  if (limits.depth === 0) return null;
  const inside = { ...limits, depth: limits.depth - 1 };
  if (Array.isArray(value)) return value.slice(-limits.list).map((item: Json) => shorten(item, inside));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shorten(item, inside)]));
};
