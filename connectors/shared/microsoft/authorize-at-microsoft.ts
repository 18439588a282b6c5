/** Signing in at Microsoft's own page: learn.microsoft.com, "Microsoft identity platform and OAuth 2.0 authorization code flow". */
import { type App, type Authorize, ConnectorError, type Tools } from "../../../src/ports/connector.ts";
import { redeemCode } from "./identity.ts";
import type { MicrosoftApp, Tokens } from "./microsoft-app.ts";
import { refusal } from "./sign-in-error.ts";

/** What is asked of a person, and how it is known whose mailbox they opened. */
export type Wish<T extends MicrosoftApp> = {
  app: Authorize["app"];
  readApp(stored: App): T;
  scopes(app: T): string[];
  /** Names of the scopes without which mail cannot be read. */
  needed(app: T): readonly string[];
  /** The mailbox's address. `person`: what Microsoft calls who signed in; `tools` holds the new tokens. */
  whose(person: string | null, tools: Tools): Promise<string>;
};

/** Scopes come back with or without the resource before them. */
const granted = (scopes: readonly string[], name: string): boolean =>
  scopes.some((scope) => scope.toLowerCase().split("/").at(-1) === name.toLowerCase());

/** The code flow at Microsoft, with PKCE. */
export const authorizeAtMicrosoft = <T extends MicrosoftApp>({ app, readApp, scopes, needed, whose }: Wish<T>): Authorize => ({
  app,
  url(registered, { state, codeChallenge, redirectUri, loginHint }) {
    const chosen = readApp(registered);
    const page = new URL(`${chosen.signInUrl}/${chosen.tenant}/oauth2/v2.0/authorize`);
    page.search = new URLSearchParams({
      client_id: chosen.clientId,
      response_type: "code",
      response_mode: "query",
      redirect_uri: redirectUri,
      scope: [...scopes(chosen), "openid", "profile", "offline_access"].join(" "),
      state,
      code_challenge: codeChallenge,
      code_challenge_method: "S256",
      ...(loginHint === null ? { prompt: "select_account" } : { login_hint: loginHint }),
    }).toString();
    return page.href;
  },
  async exchange(code, tools) {
    const chosen = readApp(tools.app);
    const { tokens, scopes: given, person } = await redeemCode(chosen, tools, code, scopes(chosen));
    const names = needed(chosen);
    if (!names.every((name) => granted(given, name))) {
      const text = `You signed in, but reading your mail (${names.join(", ")}) was not allowed. Sign in again and allow it.`;
      throw new ConnectorError("auth", text, { outcome: "missing_permission" });
    }
    const credentials = { read: async () => tokens, refresh: async () => tokens };
    return { secrets: tokens, address: await whose(person, { ...tools, credentials }) };
  },
  refusal,
  revoke,
});

/**
 * Microsoft has no way for an app to end a person's consent (there is no revocation endpoint, and revokeSignInSessions would sign
 * the person out everywhere). So what is stored is emptied; the consent itself is withdrawn at myapps.microsoft.com, or by an
 * administrator. The limit `consent_stays` tells people so.
 */
const revoke: Authorize["revoke"] = async ({ credentials }) => {
  await credentials.refresh(async (): Promise<Tokens> => ({ cache: "", accessToken: "", expiresAt: 0 }));
};
