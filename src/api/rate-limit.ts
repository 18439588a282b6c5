import type { FastifyReply, FastifyRequest } from "fastify";
import ipaddr from "ipaddr.js";
import type { Database } from "../ports/database.ts";
import { countRequest } from "../store/request-counts.ts";
import { Problem } from "./problem.ts";

/** How many requests of one sender a minute; the rest is answered 429. */
export type ApiLimits = {
  /** Of one API key. */
  requestsPerMinute: number;
  /** From one address without a valid key. */
  failuresPerMinute: number;
};

export type Count = { allowed: boolean; limit: number; remaining: number; resetSeconds: number };

const minute = 60_000;
/** Senders counted at once: who sends from ever new addresses gets no more of our memory. */
const mostSenders = 10_000;

/** The same over all processes that share a PostgreSQL database, per API key. */
export const createSharedCounter =
  (database: Database, limit: number, now: () => number) =>
  async (keyId: string): Promise<Count> => {
    const { count, endsAt } = await countRequest(database, keyId, minute, now());
    return countOf(limit, count, endsAt - now());
  };

const countOf = (limit: number, count: number, leftMs: number): Count => ({
  allowed: count <= limit,
  limit,
  remaining: Math.max(0, limit - count),
  resetSeconds: Math.ceil(leftMs / 1000),
});

/** Counts requests per sender, in windows of a minute that begin with a sender's first request. Each process counts for itself. */
export const createCounter = (limit: number, now: () => number): ((sender: string) => Count) => {
  const windows = new Map<string, { endsAt: number; count: number }>();
  return (sender) => {
    const at = now();
    let window = windows.get(sender);
    if (!window || window.endsAt <= at) {
      // Set anew, so that the map has them in the order they end: the first is the one to forget.
      windows.delete(sender);
      const [first] = windows.keys();
      if (first !== undefined && windows.size >= mostSenders) windows.delete(first);
      window = { endsAt: at + minute, count: 0 };
      windows.set(sender, window);
    }
    window.count += 1;
    return countOf(limit, window.count, window.endsAt - at);
  };
};

/**
 * Throws a request out that is one too many, and tells every other how many are left (draft-ietf-httpapi-ratelimit-headers).
 * `policy` names what was counted.
 */
export const refuseTooMany = (reply: FastifyReply, policy: "key" | "address", count: Count): void => {
  reply.header("ratelimit-policy", `"${policy}";q=${count.limit};w=60`);
  reply.header("ratelimit", `"${policy}";r=${count.remaining};t=${count.resetSeconds}`);
  if (count.allowed) return;
  const whose = policy === "key" ? "with this API key" : "without a valid API key";
  const detail = `More than ${count.limit} requests a minute came ${whose}. Try again in ${count.resetSeconds} seconds.`;
  throw new Problem("rate-limited", detail, undefined, count.resetSeconds);
};

/** Whom a request without a valid key comes from: its address; of IPv6 the network, because one sender has all addresses of it. */
export const senderOf = (request: FastifyRequest): string => {
  if (!ipaddr.isValid(request.ip)) return request.ip;
  const address = ipaddr.process(request.ip);
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(":") : address.toString();
};
