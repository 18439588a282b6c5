import { createHash, randomBytes } from "node:crypto";

/** Who sits at the browser, and what they do on the page. */
export type Person = { address: string; grant: readonly string[] | "deny" | "needs_admin" };

export type Grant = { address: string; scopes: readonly string[]; application: boolean };
export type SignInReply = { status: number; body: object; headers?: { [name: string]: string } };

type Code = Grant & { redirectUri: string; challenge: string; clientId: string };

export type SignInService = {
  app: { clientId: string; clientSecret: string };
  tenant: string;
  /** What an administrator allowed the app to read by itself (RBAC for Applications); null: any mailbox. */
  applicationMailboxes: string[] | null;
  /** The application permissions an administrator consented to. */
  applicationScopes: string[];
  /** Who signs in next at /authorize. */
  person: Person;
  authorizePage(search: URLSearchParams): { location: string } | { problem: string };
  token(form: URLSearchParams): SignInReply;
  /** The grant of an access token; null once it has ended. */
  grantOf(accessToken: string): Grant | null;
  /** Gives somebody tokens without the page, as MSAL would have stored them. */
  signedIn(address: string, scopes: readonly string[]): { accessToken: string; refreshToken: string };
  expireAccessTokens(): void;
  revokeRefreshTokens(): void;
  /** Told of each access token that is given out. */
  issued: (accessToken: string, grant: Grant) => void;
  /** How often each grant type was asked for. */
  asked: string[];
};

const secret = (kind: string): string => `${kind}.${randomBytes(32).toString("base64url")}`;
const refuse = (status: number, error: string, number: number, words: string, more: object = {}): SignInReply => ({
  status,
  body: {
    error,
    error_description: `AADSTS${number}: ${words} Trace ID: 0 Correlation ID: 0 Timestamp: 2026-11-25 18:00:00Z`,
    error_codes: [number],
    timestamp: "2026-11-25 18:00:00Z",
    trace_id: "0",
    correlation_id: "0",
    ...more,
  },
});
const base64Json = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export const signInProblem = refuse;

export const createSignInService = (baseUrl: () => string): SignInService => {
  const codes = new Map<string, Code>();
  const accessTokens = new Map<string, Grant>();
  const refreshTokens = new Map<string, Grant>();
  const objectId = (address: string): string => createHash("sha256").update(address).digest("hex").slice(0, 32);

  const idToken = (service: SignInService, { address }: Grant): string => {
    const claims = {
      aud: service.app.clientId,
      iss: `${baseUrl()}/${service.tenant}/v2.0`,
      oid: objectId(address),
      sub: objectId(address),
      tid: service.tenant,
      preferred_username: address,
      ver: "2.0",
      exp: Math.floor(Date.now() / 1000) + 3600,
    };
    return `${base64Json({ alg: "RS256", typ: "JWT" })}.${base64Json(claims)}.c2ln`;
  };

  const issue = (grant: Grant): { accessToken: string; refreshToken: string } => {
    const [accessToken, refreshToken] = [secret("at"), secret("rt")];
    accessTokens.set(accessToken, grant);
    service.issued(accessToken, grant);
    if (!grant.application) refreshTokens.set(refreshToken, grant);
    return { accessToken, refreshToken };
  };

  const success = (service: SignInService, grant: Grant): SignInReply => {
    const { accessToken, refreshToken } = issue(grant);
    const common = { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: accessToken };
    if (grant.application) return { status: 200, body: common };
    const clientInfo = base64Json({ uid: objectId(grant.address), utid: service.tenant });
    const scope = [...grant.scopes, "openid", "profile"].join(" ");
    return {
      status: 200,
      body: { ...common, scope, refresh_token: refreshToken, id_token: idToken(service, grant), client_info: clientInfo },
    };
  };

  const byCode = (service: SignInService, form: URLSearchParams): SignInReply => {
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    if (!code) return refuse(400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (challenge !== code.challenge) return refuse(400, "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.");
    if (form.get("redirect_uri") !== code.redirectUri) return refuse(400, "invalid_grant", 500112, "The reply address does not match.");
    return success(service, { address: code.address, scopes: code.scopes, application: false });
  };

  /** A refresh token is replaced on each use, and the old one is not revoked ("Refresh tokens in the Microsoft identity platform"). */
  const byRefreshToken = (service: SignInService, form: URLSearchParams): SignInReply => {
    const grant = refreshTokens.get(form.get("refresh_token") ?? "");
    if (!grant)
      return refuse(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked.", { suberror: "bad_token" });
    return success(service, grant);
  };

  const byClient = (service: SignInService, form: URLSearchParams): SignInReply => {
    if (
      !form
        .get("scope")
        ?.split(" ")
        .some((scope) => scope.endsWith("/.default"))
    ) {
      return refuse(400, "invalid_scope", 1002012, "The provided value for scope is not valid for client credential flows.");
    }
    return success(service, { address: "", scopes: service.applicationScopes, application: true });
  };

  const service: SignInService = {
    app: { clientId: "0f0f0f0f-1111-4222-8333-444455556666", clientSecret: "fake~app.secret.value" },
    tenant: "72f988bf-0000-4000-8000-2d7cd011db47",
    applicationMailboxes: null,
    applicationScopes: ["Mail.Read"],
    person: { address: "", grant: "deny" },
    asked: [],
    issued: () => {},
    authorizePage(search) {
      const needed = ["client_id", "redirect_uri", "scope", "state", "code_challenge"].filter((name) => !search.get(name));
      if (needed.length > 0 || search.get("code_challenge_method") !== "S256" || search.get("response_type") !== "code") {
        return { problem: `AADSTS900144: the request lacks ${needed.join(", ") || "S256 or code"}` };
      }
      const back = new URL(search.get("redirect_uri") ?? "");
      back.searchParams.set("state", search.get("state") ?? "");
      const { address, grant } = service.person;
      if (grant === "deny") {
        back.searchParams.set("error", "access_denied");
        back.searchParams.set("error_description", "AADSTS65004: User declined to consent to access the app.");
      } else if (grant === "needs_admin") {
        back.searchParams.set("error", "consent_required");
        back.searchParams.set("error_description", "AADSTS90094: The grant requires admin permission.");
      } else {
        const code = secret("code");
        codes.set(code, {
          address,
          scopes: grant,
          application: false,
          redirectUri: search.get("redirect_uri") ?? "",
          challenge: search.get("code_challenge") ?? "",
          clientId: search.get("client_id") ?? "",
        });
        back.searchParams.set("code", code);
      }
      return { location: back.href };
    },
    token(form) {
      service.asked.push(form.get("grant_type") ?? "");
      if (form.get("client_id") !== service.app.clientId) return refuse(400, "unauthorized_client", 700016, "Application was not found.");
      if (form.get("client_secret") !== service.app.clientSecret)
        return refuse(401, "invalid_client", 7000215, "Invalid client secret provided.");
      if (form.get("grant_type") === "authorization_code") return byCode(service, form);
      if (form.get("grant_type") === "refresh_token") return byRefreshToken(service, form);
      if (form.get("grant_type") === "client_credentials") return byClient(service, form);
      return refuse(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.");
    },
    grantOf: (accessToken) => accessTokens.get(accessToken) ?? null,
    signedIn: (address, scopes) => issue({ address, scopes, application: false }),
    expireAccessTokens: () => accessTokens.clear(),
    revokeRefreshTokens: () => refreshTokens.clear(),
  };
  return service;
};
