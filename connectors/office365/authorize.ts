/** Signing in at Microsoft's own page: learn.microsoft.com, "Microsoft identity platform and OAuth 2.0 authorization code flow". */
import { type Authorize, type ConnectedInbox, ConnectorError } from "../../src/ports/connector.ts";
import { openGraph } from "./graph.ts";
import { redeemCode, scopesFor } from "./identity.ts";
import { ownAddresses } from "./own-addresses.ts";
import { app, readApp } from "./settings.ts";
import { refusal } from "./sign-in-error.ts";

const url: Authorize["url"] = (registered, { state, codeChallenge, redirectUri, loginHint }) => {
  const chosen = readApp(registered);
  const page = new URL(`${chosen.signInUrl}/${chosen.tenant}/oauth2/v2.0/authorize`);
  page.search = new URLSearchParams({
    client_id: chosen.clientId,
    response_type: "code",
    response_mode: "query",
    redirect_uri: redirectUri,
    scope: [...scopesFor(chosen), "openid", "profile", "offline_access"].join(" "),
    state,
    code_challenge: codeChallenge,
    code_challenge_method: "S256",
    ...(loginHint === null ? { prompt: "select_account" } : { login_hint: loginHint }),
  }).toString();
  return page.href;
};

/** Scopes come back with or without the resource before them. */
const granted = (scopes: readonly string[], name: string): boolean =>
  scopes.some((scope) => scope.toLowerCase().split("/").at(-1) === name.toLowerCase());

const exchange: Authorize["exchange"] = async (code, tools) => {
  const chosen = readApp(tools.app);
  const { tokens, scopes } = await redeemCode(chosen, tools, code);
  const needed = ["Mail.Read", ...(chosen.sharedMailboxes ? ["Mail.Read.Shared"] : [])];
  if (!needed.every((name) => granted(scopes, name))) {
    const text = `You signed in, but reading your mail (${needed.join(", ")}) was not allowed. Sign in again and allow it.`;
    throw new ConnectorError("auth", text, { outcome: "missing_permission" });
  }
  const inbox: ConnectedInbox = { id: "new", address: "", settings: {}, since: 0 };
  const credentials = { read: async () => tokens, refresh: async () => tokens };
  const { address } = await ownAddresses(openGraph(inbox, { ...tools, credentials }), inbox);
  return { secrets: tokens, address };
};

/**
 * Microsoft has no way for an app to end a person's consent (there is no revocation endpoint, and revokeSignInSessions would sign
 * the person out everywhere). So what is stored is emptied; the consent itself is withdrawn at myapps.microsoft.com, or by an
 * administrator. The limit `consent_stays` tells people so.
 */
const revoke: Authorize["revoke"] = async ({ credentials }) => {
  await credentials.refresh(async () => ({ cache: "", accessToken: "", expiresAt: 0 }));
};

export const authorize: Authorize = { app, url, exchange, refusal, revoke };
