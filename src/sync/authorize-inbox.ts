import { createHash, randomBytes } from "node:crypto";
import { addressKey } from "../bounces/keys.ts";
import { type Authorize, type Connector, ConnectorError, type Json, type SignInOutcome } from "../ports/connector.ts";
import { createAuthorization, takeAuthorization } from "../store/authorizations.ts";
import { settleConnectLink } from "../store/connect-links.ts";
import type { Inbox } from "../store/inboxes.ts";
import { type ConnectDeps, type ConnectWish, InvalidSettings, nothingStored, signInAndStore } from "./connect-inbox.ts";

/** What is to be connected once the person has signed in at the provider. */
export type AuthorizeWish = Omit<ConnectWish, "address" | "secrets" | "settings"> & {
  /** The mailbox that must be signed in to; null: any. */
  expectedAddress: string | null;
  settings?: unknown;
  /** The connect link it came from. */
  linkId: string | null;
  /** Where the browser goes at the end, as the CRM asked. */
  returnUrl?: string | null;
  redirectUri: string;
};

/** What is kept, sealed, while the person is at the provider. */
type Kept = { wish: AuthorizeWish; codeVerifier: string };

type Ended = { result: "connected"; inbox: Inbox } | { result: SignInOutcome | "failed"; because: string };

/** How it ended: connected, or why not in a word and a sentence; and where it came from. */
export type Authorized = Ended & { linkId: string | null; returnUrl: string | null };

/** Begins a sign-in: where to send the browser, and the secret that binds the sign-in to it. Throws InvalidSettings. */
export const beginAuthorization = async (
  deps: ConnectDeps,
  accountId: string,
  wish: AuthorizeWish,
): Promise<{ url: string; browser: string }> => {
  const { authorize } = await authorizing(deps, wish.provider);
  const { app } = deps.tools(wish.provider, nothingStored);
  if (app === null) throw new InvalidSettings([{ path: ["provider"], message: `the operator has not set up ${wish.provider} yet` }]);
  const codeVerifier = randomBytes(48).toString("base64url");
  const kept: Kept = { wish, codeVerifier };
  const { state, browser } = await deps.database.transaction((tx) =>
    createAuthorization(tx, deps.keys, accountId, kept as unknown as Json, deps.now()),
  );
  const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");
  return { url: authorize.url(app, { state, codeChallenge, redirectUri: wish.redirectUri, loginHint: wish.expectedAddress }), browser };
};

/** What the browser brought back from the provider. */
export type Returned = {
  state: string;
  browser: string;
  code?: string | undefined;
  error?: string | undefined;
  errorDescription?: string | undefined;
};

/**
 * Ends a sign-in: trades the code, checks whose mailbox was opened, stores the inbox, settles the connect link. Null when there is
 * no such sign-in: never begun, begun by another browser, too old, or ended already.
 */
export const finishAuthorization = async (deps: ConnectDeps, returned: Returned): Promise<Authorized | null> => {
  const taken = await deps.database.transaction((tx) => takeAuthorization(tx, deps.keys, returned, deps.now()));
  if (!taken) return null;
  const { accountId } = taken;
  const kept = taken.kept as unknown as Kept;
  const ended = await conclude(deps, accountId, kept, returned);
  const { linkId, returnUrl = null } = kept.wish;
  if (linkId !== null) {
    const end = { outcome: ended.result, inboxId: ended.result === "connected" ? ended.inbox.id : null };
    await deps.database.transaction((tx) => settleConnectLink(tx, accountId, linkId, end, deps.now()));
  }
  return { ...ended, linkId, returnUrl };
};

const conclude = async (deps: ConnectDeps, accountId: string, { wish, codeVerifier }: Kept, returned: Returned): Promise<Ended> => {
  try {
    const { connector, authorize } = await authorizing(deps, wish.provider);
    if (returned.code === undefined) throw authorize.refusal(returned.error ?? "server_error", returned.errorDescription ?? null);
    const code = { code: returned.code, codeVerifier, redirectUri: wish.redirectUri };
    const { secrets, address } = await authorize.exchange(code, deps.tools(wish.provider, nothingStored));
    return { result: "connected", inbox: await store(deps, accountId, connector, wish, secrets, address) };
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return { result: error.outcome ?? "failed", because: error.message };
  }
};

const store = async (
  deps: ConnectDeps,
  accountId: string,
  connector: Connector,
  wish: AuthorizeWish,
  secrets: Json,
  address: string,
): Promise<Inbox> => {
  const { expectedAddress, settings } = wish;
  return signInAndStore(deps, accountId, connector, { ...wish, address, settings: settings ?? {}, secrets }, async (signedIn) => {
    const own = [signedIn.address, ...signedIn.addresses].map(addressKey);
    if (expectedAddress !== null && !own.includes(addressKey(expectedAddress))) {
      throw new ConnectorError("auth", `You signed in as ${signedIn.address}; the mailbox to connect is ${expectedAddress}.`, {
        outcome: "wrong_address",
      });
    }
  });
};

const authorizing = async (deps: ConnectDeps, provider: string): Promise<{ connector: Connector; authorize: Authorize }> => {
  const connector = await deps.loadConnector(provider);
  if (!connector?.authorize)
    throw new InvalidSettings([{ path: ["provider"], message: `there is no provider "${provider}" to sign in to` }]);
  return { connector, authorize: connector.authorize };
};
