import { OAuth2Client } from "google-auth-library";
import { ConnectorError, type Json, type Tools } from "../../../src/ports/connector.ts";
import { abortable } from "../abortable.ts";
import { type GoogleApp, readApp, readSecrets, type Secrets } from "./google-app.ts";
import { googleError } from "./google-error.ts";
import { sendOnce, timeoutMs } from "./transport.ts";

/** A token is renewed a minute before it ends, so that it does not end under way. */
const marginMs = 60_000;

/** Where access tokens come from: a person's consent, or a service account that may act for a whole organisation. */
export type TokenSource = { renew(held: Secrets): Promise<Secrets> };

/**
 * The turn's signal does not reach the token endpoint: what it answers is stored even if the turn ends meanwhile, or a
 * refresh token that replaced ours would be lost.
 */
export const transporterOptions = (gateway: string | undefined) => ({ timeout: timeoutMs, adapter: sendOnce(gateway) });

/** The auth library's client for the operator's app, with the requests' ways of this connector. */
export const oauthClient = ({ clientId, clientSecret, gateway }: GoogleApp, redirectUri?: string): OAuth2Client =>
  new OAuth2Client({ clientId, clientSecret, redirectUri, transporterOptions: transporterOptions(gateway) });

/** Access tokens by the refresh token a person's consent left ("Using OAuth 2.0 for Web Server Applications", Refreshing). */
const personTokens = (app: GoogleApp): TokenSource => ({
  async renew({ refreshToken }) {
    if (refreshToken === undefined)
      throw new ConnectorError("auth", "Nobody has signed in at Google for this inbox yet. Sign in to connect it.");
    const client = oauthClient(app);
    client.setCredentials({ refresh_token: refreshToken });
    // Another refresh token than the one we sent may come back. The library forgets it in its answer, but tells it here.
    let replaced = refreshToken;
    client.on("tokens", (tokens) => {
      replaced = tokens.refresh_token ?? refreshToken;
    });
    const { credentials } = await client.refreshAccessToken();
    return withAccess({ refreshToken: replaced }, credentials);
  },
});

/** Secrets as they are stored, from what the token endpoint answered. */
export const withAccess = (held: Secrets, given: { access_token?: string | null; expiry_date?: number | null }): Secrets => ({
  ...held,
  ...(given.access_token ? { accessToken: given.access_token } : {}),
  ...(given.expiry_date ? { expiresAt: given.expiry_date } : {}),
});

const usable = ({ accessToken, expiresAt }: Secrets, refused: string | null, now: number): string | null =>
  accessToken !== undefined && accessToken !== refused && (expiresAt ?? 0) - marginMs > now ? accessToken : null;

/**
 * Gives an access token that holds for a while and is not the one Google has just refused. Renewed at most once at a time per
 * inbox, stored before it is used, and remembered as long as this lives, so that not every request reads the store. Throws
 * ConnectorError: `auth` only where Google says that the consent has ended.
 */
export const openTokens = (source: TokenSource, { credentials, now, signal }: Tools): ((refused: string | null) => Promise<string>) => {
  let held: Secrets = {};
  return async (refused) => {
    const known = usable(held, refused, now());
    if (known !== null) return known;
    held = readSecrets(await abortable(credentials.read(), signal));
    const stored = usable(held, refused, now());
    if (stored !== null) return stored;
    const renew = async (current: Json): Promise<Json> => {
      const secrets = readSecrets(current);
      // Somebody else may have renewed it while we waited for our turn.
      if (usable(secrets, refused, now()) !== null) return current;
      return source.renew(secrets).catch((error: unknown) => {
        throw googleError(error, now());
      });
    };
    held = readSecrets(await abortable(credentials.refresh(renew), signal));
    if (held.accessToken === undefined) throw new ConnectorError("unavailable", "Google gave no access token. We try again.");
    return held.accessToken;
  };
};

/** How Google is asked: with which tokens, and through which gateway. */
export type Access = { source: TokenSource; gateway: string | undefined };

/** Access to the mailbox of the person who signed in. Throws ConnectorError "rejected" without the operator's app. */
export const personAccess = (tools: Tools): Access => {
  const app = readApp(tools.app);
  return { source: personTokens(app), gateway: app.gateway };
};
