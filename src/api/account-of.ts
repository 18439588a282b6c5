import type { Caller } from "./authenticate.ts";

/** How the audit log and receipts name the caller. */
export const callerName = (request: { caller: Caller | null }): string => `key:${request.caller?.keyId ?? ""}`;

/** The caller's account. Only for routes whose `needs` is read or write. */
export const accountOf = (request: { caller: Caller | null }): string => {
  const accountId = request.caller?.accountId;
  if (accountId == null) throw new Error("accountOf: the route has no `needs`");
  return accountId;
};
