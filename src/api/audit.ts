import type { FastifyInstance, FastifyRequest } from "fastify";
import { addressKey } from "../bounces/keys.ts";
import type { AuditEntry, AuditLog } from "../store/audit-log.ts";
import { addressHash, type Keys } from "../store/secrets.ts";
import { callerName } from "./account-of.ts";

type Deps = { keys: Keys; now: () => number; audit: AuditLog };

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

const isRead = ({ method }: FastifyRequest): boolean => method === "GET" || method === "HEAD";

/** Writes down who changes (before it is done, also where it is then refused) and who was given something to read. */
export const auditRequests = (server: FastifyInstance, deps: Deps): void => {
  server.addHook("preHandler", async (request) => {
    const entry = isRead(request) ? null : entryOf(deps, request);
    if (entry) await deps.audit.change(entry);
  });
  server.addHook("onResponse", async (request, reply) => {
    const entry = isRead(request) && reply.statusCode < 400 ? entryOf(deps, request) : null;
    if (entry) deps.audit.read(entry);
  });
  server.addHook("onClose", () => deps.audit.flush());
};
