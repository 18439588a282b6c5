import type { ConnectedInbox, Warning } from "../../src/ports/connector.ts";
import type { Graph } from "./graph.ts";
import { isForbidden, isMissing, isRefusedQuery } from "./graph-error.ts";
import { query } from "./query.ts";

type Profile = { mail?: string | null; userPrincipalName?: string | null; proxyAddresses?: string[] };

export type OwnAddresses = { address: string; addresses: string[]; warnings: Warning[] };

const aliasesUnknown: Warning = {
  code: "aliases_unknown",
  text: "Microsoft does not tell us this mailbox's other addresses; notices about mail sent from them may not be matched.",
};

/** `SMTP:anna@sales.example` is the main address, `smtp:` the others; X500 and SIP are no mail ("user resource type", proxyAddresses). */
const smtpAddresses = (proxies: readonly string[]): string[] =>
  proxies.flatMap((proxy) => /^smtp:(.+)$/i.exec(proxy)?.[1]?.toLowerCase() ?? []);

const unlessRefused = (error: unknown): null => {
  if (isForbidden(error) || isRefusedQuery(error) || isMissing(error)) return null;
  throw error;
};

/**
 * Whose mailbox it is, and every address it sends from. Other people's profiles (a shared mailbox, application access) may be
 * closed to us while their mail is open: then only the address given is known.
 */
export const ownAddresses = async (graph: Graph, inbox: Pick<ConnectedInbox, "address">): Promise<OwnAddresses> => {
  const ask = (fields: string): Promise<Profile | null> => graph.get<Profile>({ at: query({ $select: fields }) }).catch(unlessRefused);
  const profile = (await ask("mail,userPrincipalName,proxyAddresses")) ?? (await ask("mail,userPrincipalName"));
  const address = (profile?.mail ?? profile?.userPrincipalName ?? inbox.address).toLowerCase();
  const proxies = smtpAddresses(profile?.proxyAddresses ?? []);
  const all = [address, profile?.userPrincipalName?.toLowerCase() ?? address, ...proxies];
  return { address, addresses: [...new Set(all)], warnings: profile?.proxyAddresses ? [] : [aliasesUnknown] };
};
