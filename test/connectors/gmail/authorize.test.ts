import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { authorize } from "../../../connectors/gmail/authorize.ts";
import { gmail } from "../../../connectors/gmail/connector.ts";
import { failure, grantError } from "../../fakes/google/answer.ts";
import { failureOf, type GmailStage, openGmail, readonlyScope, timesAsked, toolsOf } from "./open-gmail.ts";

const redirectUri = "https://bounceline.example/oauth/callback";

describe("signing in at Google", () => {
  let stage: GmailStage;
  beforeEach(async () => {
    stage = await openGmail();
    stage.google.oauth.client.redirectUris = [redirectUri];
  });
  afterEach(() => stage.google.stop());

  const codeVerifier = randomBytes(48).toString("base64url");
  const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");
  const pageUrl = (): URL =>
    new URL(authorize.url(stage.app, { state: "s1", codeChallenge, redirectUri, loginHint: "anna@sales.example" }));

  /** Goes through Google's page as the person of the stage does, and brings back what the redirect holds. */
  const visit = (): URLSearchParams => {
    const { status, headers } = stage.google.oauth.page(pageUrl().searchParams);
    expect(status).toBe(302);
    return new URL(headers?.location ?? "").searchParams;
  };
  const exchange = (code: string | null, verifier = codeVerifier) =>
    authorize.exchange({ code: code ?? "", codeVerifier: verifier, redirectUri }, toolsOf(stage));

  test("the page is Google's, asks for reading alone, offline, with consent and PKCE", () => {
    const url = pageUrl();
    expect(url.origin + url.pathname).toBe("https://accounts.google.com/o/oauth2/v2/auth");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      access_type: "offline",
      prompt: "consent",
      response_type: "code",
      scope: readonlyScope,
      state: "s1",
      code_challenge: codeChallenge,
      code_challenge_method: "S256",
      login_hint: "anna@sales.example",
      redirect_uri: redirectUri,
      client_id: stage.google.oauth.client.id,
    });
  });

  test("a code becomes the inbox's secrets, and tells whose mailbox they open", async () => {
    const { secrets, address } = await exchange(visit().get("code"));
    expect(address).toBe("anna@sales.example");
    expect(secrets).toMatchObject({ refreshToken: expect.stringMatching(/^1\/\/0/), accessToken: expect.stringMatching(/^ya29/) });
    expect(gmail.describe.secrets.parse(secrets)).toEqual(secrets);
    stage.secrets = secrets as GmailStage["secrets"];
    expect((await gmail.signIn(stage.inbox, toolsOf(stage))).address).toBe("anna@sales.example");
    expect(timesAsked(stage, "token"), "the first access token is used").toBe(1);
  });

  test("a second consent brings a lasting permission too", async () => {
    await exchange(visit().get("code"));
    expect((await exchange(visit().get("code"))).secrets).toMatchObject({ refreshToken: expect.any(String) });
  });

  test("a code is good once, and for its own verifier only", async () => {
    const code = visit().get("code");
    expect(await failureOf(exchange(code, "another"))).toMatchObject({
      kind: "auth",
      outcome: null,
      message: expect.stringContaining("Start again"),
    });
    const second = visit().get("code");
    await exchange(second);
    expect(await failureOf(exchange(second))).toMatchObject({ kind: "auth", outcome: null });
  });

  test("the box was not ticked: missing_permission", async () => {
    stage.google.oauth.person.unticks = [readonlyScope];
    expect(await failureOf(exchange(visit().get("code")))).toMatchObject({ kind: "auth", outcome: "missing_permission" });
  });

  test("Google says no: denied, needs_admin, or start again", () => {
    for (const [answers, outcome] of [
      ["access_denied", "denied"],
      ["admin_policy_enforced", "needs_admin"],
      ["org_internal", "needs_admin"],
    ] as const) {
      stage.google.oauth.person.answers = answers;
      const error = authorize.refusal(visit().get("error") ?? "", null);
      expect([error.kind, error.outcome]).toEqual(["auth", outcome]);
      expect(error.message).toMatch(/^[A-Z].*\.$/);
    }
    expect(authorize.refusal("something_new", "words <b>of</b> anybody")).toMatchObject({ kind: "auth", outcome: null });
    expect(authorize.refusal("something_new", "words of anybody").message).not.toContain("anybody");
  });

  test("a busy token endpoint refuses nobody", async () => {
    stage.google.script = ({ method }) =>
      method === "token" ? { status: 429, body: "Too Many Requests", headers: { "retry-after": "7" } } : null;
    expect(await failureOf(exchange(visit().get("code")))).toMatchObject({ kind: "rate_limited", retryAfterMs: 7000 });
  });

  test("the operator's secret is wrong: the operator is told, not the user", async () => {
    stage.app = { ...(stage.app as object), clientSecret: "wrong" };
    expect(await failureOf(exchange(visit().get("code")))).toMatchObject({ kind: "rejected", outcome: null });
    expect(() => authorize.url({}, { state: "", codeChallenge: "", redirectUri, loginHint: null })).toThrow("operator");
  });

  test("no refresh token, no inbox that works for an hour only", async () => {
    stage.google.script = ({ method }) =>
      method === "token"
        ? { status: 200, body: { access_token: "ya29.x", expires_in: 3599, scope: readonlyScope, token_type: "Bearer" } }
        : null;
    expect(await failureOf(exchange(visit().get("code")))).toMatchObject({ kind: "auth", message: expect.stringContaining("permissions") });
  });

  test("a mailbox Google has no Gmail for", async () => {
    stage.google.mailboxes.clear();
    expect(await failureOf(exchange(visit().get("code")))).toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("no Gmail"),
    });
  });

  test("revoking ends everything, and what has ended already is no failure", async () => {
    await gmail.signIn(stage.inbox, toolsOf(stage));
    await authorize.revoke(toolsOf(stage));
    expect(await failureOf(gmail.signIn(stage.inbox, toolsOf(stage)))).toMatchObject({ kind: "auth" });
    await authorize.revoke(toolsOf(stage));
    stage.google.script = () => failure(503, "backendError", "later");
    expect(await failureOf(authorize.revoke(toolsOf(stage)))).toMatchObject({ kind: "unavailable" });
    stage.google.script = () => grantError("invalid_token", "Token expired or revoked");
    await authorize.revoke(toolsOf(stage));
  });

  test("another mailbox than the inbox's is refused; one of its own other addresses is not", async () => {
    stage.inbox = { ...stage.inbox, address: "jan@sales.example" };
    expect(await failureOf(gmail.signIn(stage.inbox, toolsOf(stage)))).toMatchObject({ kind: "auth", outcome: "wrong_address" });
    stage.mailbox.sendAs.push(
      { sendAsEmail: "Jan@sales.example", verificationStatus: "accepted" },
      { sendAsEmail: "not-hers@else.example", verificationStatus: "pending" },
    );
    const { address, addresses } = await gmail.signIn(stage.inbox, toolsOf(stage));
    expect([address, ...addresses]).toEqual(["anna@sales.example", "anna@sales.example", "jan@sales.example"]);
  });
});
