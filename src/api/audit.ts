import type { FastifyInstance, FastifyRequest } from "fastify";
import { addressKey } from "../bounces/keys.ts";
import type { Database } from "../ports/database.ts";
import { type AuditEntry, appendAudit } from "../store/audit-log.ts";
import { addressHash, type Keys } from "../store/secrets.ts";
import { callerName } from "./account-of.ts";

type Deps = { database: Database; keys: Keys; now: () => number };

/** Reads are written down together after so long: a crash loses the reads of so long at most (milliseconds), and no change. */
const gatherMs = 500;

/** What a request is about: the id in its path, or the keyed hash of the address there. */
const subjectOf = (keys: Keys, request: FastifyRequest): string | null => {
  const { id, address } = (request.params ?? {}) as { id?: string; address?: string };
  if (address !== undefined) return addressHash(keys, addressKey(address));
  return id ?? null;
};

const entryOf = ({ keys, now }: Deps, request: FastifyRequest): AuditEntry | null => {
  if (request.caller === null) return null;
  const { accountId } = request.caller;
  const action = `${request.method} ${request.routeOptions.url ?? ""}`;
  return { accountId: accountId ?? "", by: callerName(request), action, subject: subjectOf(keys, request), at: now() };
};

/**
 * Writes down who reads and who changes: each change before it is made (also one that is then refused), each read that was answered
 * within half a second after.
 */
export const auditRequests = (server: FastifyInstance, deps: Deps): void => {
  const write = (entries: readonly AuditEntry[]) => deps.database.transaction((tx) => appendAudit(tx, entries));
  let reads: AuditEntry[] = [];
  let timer: NodeJS.Timeout | null = null;
  const flush = async (): Promise<void> => {
    if (timer) clearTimeout(timer);
    timer = null;
    const gathered = reads;
    reads = [];
    if (gathered.length > 0) await write(gathered);
  };
  server.addHook("preHandler", async (request) => {
    const entry = request.method === "GET" || request.method === "HEAD" ? null : entryOf(deps, request);
    if (entry) await write([entry]);
  });
  server.addHook("onResponse", async (request, reply) => {
    if ((request.method !== "GET" && request.method !== "HEAD") || reply.statusCode >= 400) return;
    const entry = entryOf(deps, request);
    if (entry) reads.push(entry);
    timer ??= setTimeout(
      () => void flush().catch((error: unknown) => server.log.error({ err: error }, "the audit log was not written")),
      gatherMs,
    );
  });
  server.addHook("onClose", flush);
};
