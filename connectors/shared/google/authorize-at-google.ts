import { CodeChallengeMethod } from "google-auth-library";
import { type Authorize, ConnectorError, type Credentials, type Json, type Tools } from "../../../src/ports/connector.ts";
import { abortable } from "../abortable.ts";
import { readApp, readSecrets, type Secrets } from "./google-app.ts";
import { googleError, refusalError, statusOf } from "./google-error.ts";
import { oauthClient, withAccess } from "./tokens.ts";

/** What the token endpoint answers with. */
export type GoogleTokens = {
  scope?: string;
  refresh_token?: string | null;
  access_token?: string | null;
  expiry_date?: number | null;
  id_token?: string | null;
};

/** What is asked of a person, and how it is known whose mailbox they opened. */
export type Wish = {
  app: Authorize["app"];
  scopes: readonly string[];
  /** Any one of these lets us read mail. */
  sufficient: readonly string[];
  /** The mailbox's address; `tools` holds the new secrets. */
  whose(tokens: GoogleTokens, tools: Tools): Promise<string>;
};

/** Signing in at Google ("Using OAuth 2.0 for Web Server Applications"), with PKCE. */
export const authorizeAtGoogle = (wish: Wish): Authorize => ({
  app: wish.app,
  /** `access_type=offline` and `prompt=consent`: else Google gives a refresh token only at a person's very first consent. */
  url: (given, { state, codeChallenge, redirectUri, loginHint }) =>
    oauthClient(readApp(given), redirectUri).generateAuthUrl({
      access_type: "offline",
      prompt: "consent",
      scope: [...wish.scopes],
      state,
      code_challenge: codeChallenge,
      code_challenge_method: CodeChallengeMethod.S256,
      ...(loginHint === null ? {} : { login_hint: loginHint }),
    }),
  async exchange({ code, codeVerifier, redirectUri }, tools) {
    const client = oauthClient(readApp(tools.app), redirectUri);
    const { tokens } = await abortable(client.getToken({ code, codeVerifier }), tools.signal).catch((error: unknown) => {
      throw codeRefused(error, tools.now());
    });
    const secrets: Json = { ...checkGranted(tokens, wish.sufficient) };
    return { secrets, address: await wish.whose(tokens, { ...tools, credentials: given(secrets) }) };
  },
  refusal: refusalError,
  revoke,
});

/** Secrets that are stored nowhere yet. */
const given = (secrets: Json): Credentials => ({ read: async () => secrets, refresh: (fn) => fn(secrets) });

/** A person can untick a permission on Google's page and go on all the same: what was granted stands in `scope` (RFC 6749, 5.1). */
const checkGranted = (tokens: GoogleTokens, sufficient: readonly string[]): Secrets => {
  const granted = (tokens.scope ?? "").split(" ");
  if (!granted.some((each) => sufficient.includes(each))) {
    const text = 'You signed in, but the box "read your mail" was not ticked. Try again and tick it.';
    throw new ConnectorError("auth", text, { outcome: "missing_permission" });
  }
  if (!tokens.refresh_token) {
    const text = "Google let us in only for an hour. Remove this app at myaccount.google.com/permissions and sign in again.";
    throw new ConnectorError("auth", text);
  }
  return withAccess({ refreshToken: tokens.refresh_token }, tokens);
};

/** Here `invalid_grant` means the code: too old, used already, or not made for this verifier. */
const codeRefused = (error: unknown, now: number): unknown => {
  const meant = googleError(error, now);
  if (!(meant instanceof ConnectorError) || meant.kind !== "auth" || meant.outcome !== null) return meant;
  return new ConnectorError("auth", "This sign-in has run out or was used already. Start again.");
};

/** Withdraws the whole consent (RFC 7009; Google ends every token of it). One that has ended already is no failure. */
const revoke: Authorize["revoke"] = async (tools) => {
  const { refreshToken } = readSecrets(await abortable(tools.credentials.read(), tools.signal));
  if (refreshToken === undefined) return;
  try {
    await abortable(oauthClient(readApp(tools.app)).revokeToken(refreshToken), tools.signal);
  } catch (error) {
    if (statusOf(error) !== 400) throw googleError(error, tools.now());
  }
};
