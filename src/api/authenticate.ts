import type { FastifyRequest } from "fastify";
import type { Read } from "../ports/database.ts";
import { type Scope, verifyApiKey } from "../store/api-keys.ts";
import { Problem } from "./problem.ts";

/** Who asks: the account of the key, or null for the instance's admin. */
export type Caller = { accountId: string | null; scope: Scope; keyId: string };

/** What a route asks of a key. `read` routes take a write key too. */
export type Needs = "read" | "write" | "admin";

/** Whose bearer key (RFC 6750) a request has. Throws Problem unauthenticated. */
export const authenticate = async (read: Read, request: FastifyRequest, now: number): Promise<Caller> => {
  const key = /^Bearer ([\w.-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (key === undefined) throw new Problem("unauthenticated", "Send an API key as: Authorization: Bearer <key>.");
  const caller = await verifyApiKey(read, key, now);
  if (!caller) throw new Problem("unauthenticated", "This API key is unknown or was revoked. `bounceline keys create` makes one.");
  return caller;
};

/** Throws Problem scope-missing. */
export const authorize = (caller: Caller, needs: Needs): void => {
  if (!allows(caller, needs)) throw new Problem("scope-missing", `This needs a key with the scope ${needs}; yours has ${caller.scope}.`);
};

const allows = ({ accountId, scope }: Caller, needs: Needs): boolean => {
  if (needs === "admin") return accountId === null && scope === "admin";
  return accountId !== null && (scope === "write" || scope === needs);
};
