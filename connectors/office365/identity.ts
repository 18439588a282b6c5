import { type AuthenticationResult, ConfidentialClientApplication } from "@azure/msal-node";
import { type AuthorizationCode, ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { createNetwork } from "./network.ts";
import type { Office365App, Tokens } from "./settings.ts";
import { signInError } from "./sign-in-error.ts";

/** The permissions asked of a person, each only to read. offline_access lets us read while nobody is at the browser. */
export const scopesFor = (app: Office365App): string[] => [
  `${app.graphUrl}/Mail.Read`,
  ...(app.sharedMailboxes ? [`${app.graphUrl}/Mail.Read.Shared`] : []),
  `${app.graphUrl}/User.Read`,
];

export const oneTenant = ({ tenant }: Office365App): boolean => !["organizations", "common", "consumers"].includes(tenant.toLowerCase());

type Granted = { tokens: Tokens; scopes: readonly string[] };
type Work = (client: ConfidentialClientApplication) => Promise<AuthenticationResult | null>;

/** Anything but a known cloud must be named, or msal-node asks the public cloud about it. */
const knownAuthorities = ({ signInUrl }: Office365App): string[] =>
  signInUrl === "https://login.microsoftonline.com" ? [] : [new URL(signInUrl).host];

/**
 * Runs one piece of work in a msal-node client of its own whose whole memory is the given cache, and gives back what is to be
 * stored. msal-node shows no refresh token: its serialised cache is what is kept, and one client never serves two mailboxes.
 */
const withCache = async (app: Office365App, tools: Tools, cache: string, work: Work): Promise<Granted> => {
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
    return { tokens, scopes: result.scopes };
  } catch (error) {
    tools.signal.throwIfAborted();
    throw signInError(error, network.last());
  }
};

/** Trades an authorization code (RFC 6749, 4.1.3, with PKCE) for tokens; tells which scopes were granted. */
export const redeemCode = (app: Office365App, tools: Tools, { code, codeVerifier, redirectUri }: AuthorizationCode): Promise<Granted> =>
  withCache(app, tools, "", (client) => client.acquireTokenByCode({ code, codeVerifier, redirectUri, scopes: scopesFor(app) }));

const renewDelegated = (app: Office365App, tools: Tools, cache: string): Promise<Granted> =>
  withCache(app, tools, cache, async (client) => {
    const [account] = await client.getTokenCache().getAllAccounts();
    if (!account) throw new ConnectorError("auth", "Nobody has signed in to this mailbox at Microsoft yet. Sign in.");
    return client.acquireTokenSilent({ account, scopes: scopesFor(app), forceRefresh: true });
  });

const renewApplication = (app: Office365App, tools: Tools): Promise<Granted> => {
  if (!oneTenant(app)) {
    const text = "Application access needs the tenant in this server's app settings to be one company's. Ask the operator to set it.";
    throw new ConnectorError("rejected", text);
  }
  return withCache(app, tools, "", (client) =>
    client.acquireTokenByClientCredential({ scopes: [`${app.graphUrl}/.default`], skipCache: true }),
  );
};

/** New tokens from what is stored: by the refresh token in the cache, or for application access by the app's own secret. */
export const renewTokens = async (app: Office365App, tools: Tools, access: "delegated" | "application", stored: Tokens): Promise<Tokens> =>
  (access === "application" ? await renewApplication(app, tools) : await renewDelegated(app, tools, stored.cache)).tokens;
