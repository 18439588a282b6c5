import type { Caller } from "./authenticate.ts";

/** The caller's account. Only for routes whose `needs` is read or write. */
export const accountOf = (request: { caller: Caller | null }): string => {
  const accountId = request.caller?.accountId;
  if (accountId == null) throw new Error("accountOf: the route has no `needs`");
  return accountId;
};
