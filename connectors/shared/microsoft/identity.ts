import { type AuthenticationResult, ConfidentialClientApplication } from "@azure/msal-node";
import { type AuthorizationCode, ConnectorError, type Tools } from "../../../src/ports/connector.ts";
import type { MicrosoftApp, Tokens } from "./microsoft-app.ts";
import { createNetwork } from "./network.ts";
import { signInError } from "./sign-in-error.ts";

const oneTenant = ({ tenant }: MicrosoftApp): boolean => !["organizations", "common", "consumers"].includes(tenant.toLowerCase());

/** `person`: what Microsoft calls who signed in, an address as a rule; null for an app. */
type Granted = { tokens: Tokens; scopes: readonly string[]; person: string | null };
type Work = (client: ConfidentialClientApplication) => Promise<AuthenticationResult | null>;

/** Anything but a known cloud must be named, or msal-node asks the public cloud about it. */
const knownAuthorities = ({ signInUrl }: MicrosoftApp): string[] =>
  signInUrl === "https://login.microsoftonline.com" ? [] : [new URL(signInUrl).host];

/**
 * Runs one piece of work in a msal-node client of its own whose whole memory is the given cache, and gives back what is to be
 * stored. msal-node shows no refresh token: its serialised cache is what is kept, and one client never serves two mailboxes.
 */
const withCache = async (app: MicrosoftApp, tools: Tools, cache: string, work: Work): Promise<Granted> => {
  const network = createNetwork(tools.signal, tools.now);
  let held = cache;
  const client = new ConfidentialClientApplication({
    auth: {
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      authority: `${app.signInUrl}/${app.tenant}`,
      knownAuthorities: knownAuthorities(app),
    },
    cache: {
      cachePlugin: {
        async beforeCacheAccess({ tokenCache }) {
          if (held !== "") tokenCache.deserialize(held);
        },
        async afterCacheAccess({ cacheHasChanged, tokenCache }) {
          if (cacheHasChanged) held = tokenCache.serialize();
        },
      },
    },
    system: { networkClient: network.client },
  });
  try {
    const result = await work(client);
    if (!result?.accessToken) throw new ConnectorError("auth", "Microsoft no longer lets us in. Sign in again.");
    const tokens = { cache: held, accessToken: result.accessToken, expiresAt: result.expiresOn?.getTime() ?? 0 };
    return { tokens, scopes: result.scopes, person: result.account?.username ?? null };
  } catch (error) {
    tools.signal.throwIfAborted();
    throw signInError(error, network.last());
  }
};

/** Trades an authorization code (RFC 6749, 4.1.3, with PKCE) for tokens; tells which scopes were granted. */
export const redeemCode = (
  app: MicrosoftApp,
  tools: Tools,
  { code, codeVerifier, redirectUri }: AuthorizationCode,
  scopes: string[],
): Promise<Granted> => withCache(app, tools, "", (client) => client.acquireTokenByCode({ code, codeVerifier, redirectUri, scopes }));

/** New tokens for a person, by the refresh token in what is stored. */
export const renewDelegated = async (app: MicrosoftApp, tools: Tools, { cache }: Tokens, scopes: string[]): Promise<Tokens> => {
  const { tokens } = await withCache(app, tools, cache, async (client) => {
    const [account] = await client.getTokenCache().getAllAccounts();
    if (!account) throw new ConnectorError("auth", "Nobody has signed in to this mailbox at Microsoft yet. Sign in.");
    return client.acquireTokenSilent({ account, scopes, forceRefresh: true });
  });
  return tokens;
};

/** New tokens for the app itself, by its own secret. `scope`: `/.default` of what is to be opened. */
export const renewApplication = async (app: MicrosoftApp, tools: Tools, scope: string): Promise<Tokens> => {
  if (!oneTenant(app)) {
    const text = "Application access needs the tenant in this server's app settings to be one company's. Ask the operator to set it.";
    throw new ConnectorError("rejected", text);
  }
  const { tokens } = await withCache(app, tools, "", (client) =>
    client.acquireTokenByClientCredential({ scopes: [scope], skipCache: true }),
  );
  return tokens;
};
