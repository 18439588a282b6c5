import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { authorize } from "../../../connectors/office365/authorize.ts";
import { office365 } from "../../../connectors/office365/connector.ts";
import { signInProblem } from "../../fakes/microsoft/sign-in-service.ts";
import { failureOf } from "../letters.ts";
import { address, type Office365, openOffice365, toolsOf } from "./open-office365.ts";

const redirectUri = "https://bounceline.example/oauth/callback";
const codeVerifier = randomBytes(48).toString("base64url");
const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");

describe("signing in at Microsoft", () => {
  let stage: Office365;
  beforeEach(async () => {
    stage = await openOffice365();
    stage.fake.signIn.person = { address, grant: ["Mail.Read", "User.Read"] };
  });
  afterEach(() => stage.close());

  const pageUrl = (): URL => new URL(authorize.url(stage.app, { state: "s1", codeChallenge, redirectUri, loginHint: address }));

  /** Goes to the page as the person of the stage does, and brings back what the redirect holds. */
  const visit = async (): Promise<URLSearchParams> => {
    const { status, headers } = await fetch(pageUrl(), { redirect: "manual" });
    expect(status).toBe(302);
    return new URL(headers.get("location") ?? "").searchParams;
  };
  const exchange = (code: string | null, verifier = codeVerifier) =>
    authorize.exchange({ code: code ?? "", codeVerifier: verifier, redirectUri }, toolsOf(stage));

  test("the page asks for reading alone, offline, with PKCE; shared mailboxes only where the operator wants them", () => {
    const url = pageUrl();
    expect(url.pathname).toBe("/organizations/oauth2/v2.0/authorize");
    const scopes = ["Mail.Read", "User.Read"].map((scope) => `${stage.fake.url}/${scope}`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: stage.app.clientId,
      response_type: "code",
      response_mode: "query",
      redirect_uri: redirectUri,
      scope: [...scopes, "openid", "profile", "offline_access"].join(" "),
      state: "s1",
      code_challenge: codeChallenge,
      code_challenge_method: "S256",
      login_hint: address,
    });
    stage.app.sharedMailboxes = true;
    expect(pageUrl().searchParams.get("scope")).toContain(`${stage.fake.url}/Mail.Read.Shared`);
  });

  test("without an override the page is Microsoft's", () => {
    const url = authorize.url({ clientId: "id", clientSecret: "s" }, { state: "s", codeChallenge, redirectUri, loginHint: null });
    expect(url).toMatch(/^https:\/\/login\.microsoftonline\.com\/organizations\/oauth2\/v2\.0\/authorize\?/);
    expect(new URL(url).searchParams.get("scope")).toContain("https://graph.microsoft.com/Mail.Read ");
  });

  test("a code becomes the inbox's secrets, and tells whose mailbox they open", async () => {
    const { secrets, address: whose } = await exchange((await visit()).get("code"));
    expect(whose).toBe(address);
    expect(office365.describe.secrets.parse(secrets)).toEqual(secrets);
    stage.secrets = secrets as Office365["secrets"];
    expect(JSON.parse(stage.secrets.cache)).toMatchObject({ RefreshToken: expect.anything() });
    expect((await office365.signIn(stage.inbox, toolsOf(stage))).address).toBe(address);
    expect(stage.fake.signIn.asked, "the first access token is used").toEqual(["authorization_code"]);
  });

  test("what signing in left can be renewed, and the rotated token is what is stored", async () => {
    const { secrets } = await exchange((await visit()).get("code"));
    const before = secrets as Office365["secrets"];
    stage.secrets = { ...before, expiresAt: 0 };
    await office365.signIn(stage.inbox, toolsOf(stage));
    expect(stage.fake.signIn.asked).toEqual(["authorization_code", "refresh_token"]);
    expect(stage.secrets.accessToken).not.toBe(before.accessToken);
    const refreshToken = (cache: string): unknown =>
      Object.values(JSON.parse(cache).RefreshToken as { [key: string]: { secret: string } })[0]?.secret;
    expect(refreshToken(stage.secrets.cache)).not.toBe(refreshToken(before.cache));
  });

  test("a code is good once, and only with the verifier it was asked for", async () => {
    const code = (await visit()).get("code");
    expect(await failureOf(exchange(code, "another verifier".repeat(4)))).toMatchObject({ kind: "auth" });
    expect(await failureOf(exchange(code))).toMatchObject({ kind: "auth" });
  });

  test("reading mail was not granted: missing_permission", async () => {
    stage.fake.signIn.person = { address, grant: ["User.Read"] };
    expect(await failureOf(exchange((await visit()).get("code")))).toMatchObject({ kind: "auth", outcome: "missing_permission" });
  });

  test("the shared mailboxes asked for were not granted: missing_permission", async () => {
    stage.app.sharedMailboxes = true;
    expect(await failureOf(exchange((await visit()).get("code")))).toMatchObject({ outcome: "missing_permission" });
  });

  test.each([
    ["deny", "denied"],
    ["needs_admin", "needs_admin"],
  ] as const)("the page was left with %s: %s", async (grant, outcome) => {
    stage.fake.signIn.person = { address, grant };
    const back = await visit();
    expect(authorize.refusal(back.get("error") ?? "", back.get("error_description"))).toMatchObject({ kind: "auth", outcome });
  });

  test("errors of the redirect: each its kind, and nothing of a stranger's words in the sentence", () => {
    expect(authorize.refusal("temporarily_unavailable", null)).toMatchObject({ kind: "unavailable" });
    expect(authorize.refusal("server_error", "AADSTS90033: A transient error has occurred.")).toMatchObject({ kind: "unavailable" });
    expect(authorize.refusal("<script>alert(1)</script>", "x").message).not.toContain("<");
  });

  test.each([
    [65001, "invalid_grant", "auth", "needs_admin"],
    [90094, "invalid_grant", "auth", "needs_admin"],
    [50105, "invalid_grant", "auth", "needs_admin"],
    [53003, "access_denied", "auth", null],
    [7000215, "invalid_client", "rejected", null],
    [7000222, "invalid_client", "rejected", null],
    [700016, "unauthorized_client", "rejected", null],
  ] as const)("AADSTS%i at the token endpoint: %s means %s", async (number, error, kind, outcome) => {
    const code = (await visit()).get("code");
    stage.fake.script = (seen) => (seen.kind === "token" ? signInProblem(400, error, number, "Refused.") : null);
    expect(await failureOf(exchange(code))).toMatchObject({ name: "ConnectorError", kind, outcome });
  });

  test("disconnecting empties what is stored; Microsoft's own consent stays, and people are told", async () => {
    await authorize.revoke(toolsOf(stage));
    expect(stage.secrets).toEqual({ cache: "", accessToken: "", expiresAt: 0 });
    expect(await failureOf(office365.signIn(stage.inbox, toolsOf(stage)))).toMatchObject({ kind: "auth" });
    expect(office365.describe.limits.map(({ code }) => code)).toContain("consent_stays");
  });

  test("without an app the operator is asked for one, in a sentence", async () => {
    stage.app = {};
    expect(await failureOf(exchange("x"))).toMatchObject({ kind: "rejected", message: expect.stringMatching(/clientId.*operator/) });
  });
});
