/** Google's sign-in page, token endpoint and revocation ("Using OAuth 2.0 for Web Server Applications", "… Server to Server"). */
import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { type Answer, grantError, ok } from "./answer.ts";

export type Client = { id: string; secret: string; redirectUris: string[] };

/** A service account, and the scopes the organisation's administrator allowed its client id. */
export type ServiceAccount = { email: string; publicKey: string; allowed: string[]; domain: string };

/** A service account that acts for itself, by the roles it was given in the project. */
export type Robot = { email: string; publicKey: string };

/** What the person at the browser does on the consent page. */
export type Person = { address: string; unticks: string[]; answers: "allow" | "access_denied" | "admin_policy_enforced" | "org_internal" };

type Code = { address: string; scopes: string[]; challenge: string; redirectUri: string; offline: boolean; clientId: string };
type Grant = { address: string; scopes: string[]; refreshTokens: string[]; accessTokens: string[] };
export type Access = { address: string; scopes: string[]; until: number };

export type OAuth = {
  client: Client;
  serviceAccount: ServiceAccount | null;
  robot: Robot | null;
  person: Person;
  /** Seconds an access token lives. */
  lifetime: number;
  /** A refresh brings another refresh token, after which the old one is dead. */
  rotates: boolean;
  /** What an access token opens; null when it is none, or has ended. */
  accessOf(token: string, now: number): Access | null;
  /** Ends every access token, as time does, or every consent, as a change of the password does. */
  endAccess(): void;
  endConsent(): void;
  /** Consent given as by a browser, without one: for tests that begin behind it. */
  consent(address: string, scopes: readonly string[]): { refreshToken: string };
  page(query: URLSearchParams): Answer;
  token(form: URLSearchParams, now: number): Answer;
  revoke(token: string): Answer;
};

const newToken = (prefix: string): string => prefix + randomBytes(24).toString("base64url");

const required = ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"];

const claimsOf = (assertion: string, publicKey: string): Record<string, string> | null => {
  const [header = "", payload = "", signature = ""] = assertion.split(".");
  const signed = verify("RSA-SHA256", Buffer.from(`${header}.${payload}`), createPublicKey(publicKey), Buffer.from(signature, "base64url"));
  return signed ? JSON.parse(Buffer.from(payload, "base64url").toString()) : null;
};

/** OpenID Connect Core, 2. Nobody looks at the signature: it comes over TLS from who would have signed it. */
const idToken = (email: string, aud: string): string =>
  [
    { alg: "RS256", typ: "JWT" },
    { iss: "https://accounts.google.com", aud, sub: "10769150350006150715", email, email_verified: true },
    "c2ln",
  ]
    .map((part) => (typeof part === "string" ? part : Buffer.from(JSON.stringify(part)).toString("base64url")))
    .join(".");

/** One Google project with one client, and the consents people gave it. */
export const createOAuth = (): OAuth => {
  const codes = new Map<string, Code>();
  const accesses = new Map<string, Access>();
  let grants: Grant[] = [];

  const answerTokens = (grant: Grant, now: number, more: object): Answer => {
    const accessToken = newToken("ya29.");
    grant.accessTokens.push(accessToken);
    accesses.set(accessToken, { address: grant.address, scopes: grant.scopes, until: now + oauth.lifetime * 1000 });
    const identity = grant.scopes.includes("openid") ? { id_token: idToken(grant.address, oauth.client.id) } : {};
    const common = { access_token: accessToken, expires_in: oauth.lifetime, scope: grant.scopes.join(" "), token_type: "Bearer" };
    return ok({ ...common, ...identity, ...more });
  };

  const newGrant = (address: string, scopes: readonly string[]): Grant & { refreshTokens: [string] } => {
    const grant: Grant & { refreshTokens: [string] } = {
      address,
      scopes: [...scopes],
      refreshTokens: [newToken("1//0")],
      accessTokens: [],
    };
    grants.push(grant);
    return grant;
  };

  const byCode = (form: URLSearchParams, now: number): Answer => {
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    if (!code) return grantError("invalid_grant", "Malformed auth code.");
    if (code.redirectUri !== form.get("redirect_uri")) return grantError("redirect_uri_mismatch", "Bad Request");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (challenge !== code.challenge) return grantError("invalid_grant", "Invalid code verifier.");
    const grant = newGrant(code.address, code.scopes);
    return answerTokens(grant, now, code.offline ? { refresh_token: grant.refreshTokens[0] } : {});
  };

  const byRefreshToken = (form: URLSearchParams, now: number): Answer => {
    const given = form.get("refresh_token") ?? "";
    const grant = grants.find(({ refreshTokens }) => refreshTokens.includes(given));
    if (!grant) return grantError("invalid_grant", "Token has been expired or revoked.");
    if (!oauth.rotates) return answerTokens(grant, now, {});
    grant.refreshTokens = [newToken("1//0")];
    return answerTokens(grant, now, { refresh_token: grant.refreshTokens[0] });
  };

  const byAssertion = (form: URLSearchParams, now: number): Answer => {
    const account = oauth.serviceAccount;
    const own = oauth.robot && claimsOf(form.get("assertion") ?? "", oauth.robot.publicKey);
    if (oauth.robot && own?.iss === oauth.robot.email && own.sub === undefined) {
      return answerTokens({ address: own.iss, scopes: (own.scope ?? "").split(" "), refreshTokens: [], accessTokens: [] }, now, {});
    }
    const claims = account && claimsOf(form.get("assertion") ?? "", account.publicKey);
    if (!account || !claims || claims.iss !== account.email) return grantError("invalid_grant", "Invalid JWT Signature.");
    if (claims.aud !== "https://oauth2.googleapis.com/token") return grantError("invalid_grant", "Invalid JWT: audience");
    const scopes = (claims.scope ?? "").split(" ");
    const unauthorized =
      "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";
    if (!scopes.every((scope) => account.allowed.includes(scope))) return grantError("unauthorized_client", unauthorized, 401);
    if (!claims.sub?.endsWith(`@${account.domain}`)) return grantError("invalid_grant", "Invalid email or User ID");
    return answerTokens({ address: claims.sub, scopes, refreshTokens: [], accessTokens: [] }, now, {});
  };

  const allow = (query: URLSearchParams): string => {
    const { address, unticks } = oauth.person;
    const scopes = (query.get("scope") ?? "").split(" ").filter((scope) => !unticks.includes(scope));
    const code = newToken("4/0");
    codes.set(code, {
      address,
      scopes,
      challenge: query.get("code_challenge") ?? "",
      redirectUri: query.get("redirect_uri") ?? "",
      // Without prompt=consent a second consent brings no refresh token.
      offline:
        query.get("access_type") === "offline" && (query.get("prompt") === "consent" || !grants.some((grant) => grant.address === address)),
      clientId: query.get("client_id") ?? "",
    });
    return code;
  };

  const clientIsRight = (form: URLSearchParams): boolean =>
    form.get("client_id") === oauth.client.id && form.get("client_secret") === oauth.client.secret;

  const oauth: OAuth = {
    client: { id: "1234-abc.apps.googleusercontent.com", secret: "GOCSPX-client-secret", redirectUris: [] },
    serviceAccount: null,
    robot: null,
    person: { address: "anna@sales.example", unticks: [], answers: "allow" },
    lifetime: 3599,
    rotates: false,
    accessOf(token, now) {
      const access = accesses.get(token);
      return access && access.until > now ? access : null;
    },
    endAccess: () => accesses.clear(),
    endConsent() {
      grants = [];
      accesses.clear();
    },
    consent(address, scopes) {
      return { refreshToken: newGrant(address, scopes).refreshTokens[0] };
    },
    page(query) {
      const missing = required.filter((name) => !query.get(name));
      if (missing.length > 0) return { status: 400, body: `Error 400: invalid_request: ${missing.join(", ")}` };
      if (query.get("client_id") !== oauth.client.id) return { status: 401, body: "Error 401: invalid_client" };
      if (!oauth.client.redirectUris.includes(query.get("redirect_uri") ?? ""))
        return { status: 400, body: "Error 400: redirect_uri_mismatch" };
      if (query.get("code_challenge_method") !== "S256" || query.get("response_type") !== "code")
        return { status: 400, body: "Error 400: invalid_request" };
      const back = new URL(query.get("redirect_uri") ?? "");
      if (oauth.person.answers === "allow") back.searchParams.set("code", allow(query));
      else back.searchParams.set("error", oauth.person.answers);
      back.searchParams.set("state", query.get("state") ?? "");
      return { status: 302, body: "", headers: { location: back.href } };
    },
    token(form, now) {
      const type = form.get("grant_type");
      if (type === "urn:ietf:params:oauth:grant-type:jwt-bearer") return byAssertion(form, now);
      if (!clientIsRight(form)) return grantError("invalid_client", "The OAuth client was not found.", 401);
      if (type === "authorization_code") return byCode(form, now);
      return type === "refresh_token" ? byRefreshToken(form, now) : grantError("unsupported_grant_type", `Invalid grant_type: ${type}`);
    },
    revoke(token) {
      const grant = grants.find(({ refreshTokens, accessTokens }) => [...refreshTokens, ...accessTokens].includes(token));
      if (!grant) return grantError("invalid_token", "Token expired or revoked");
      grants = grants.filter((each) => each !== grant);
      for (const each of grant.accessTokens) accesses.delete(each);
      return ok({});
    },
  };
  return oauth;
};
