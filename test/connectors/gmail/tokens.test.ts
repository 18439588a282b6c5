import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gmail, gmailDomain } from "../../../connectors/gmail/connector.ts";
import type { Json, Log } from "../../../src/ports/connector.ts";
import { badToken, failure, grantError, insufficientScope } from "../../fakes/google/answer.ts";
import { createOAuth } from "../../fakes/google/oauth.ts";
import {
  allowServiceAccount,
  appOf,
  failureOf,
  type GmailStage,
  letter,
  openGmail,
  pullAll,
  readonlyScope,
  timesAsked,
  toolsOf,
} from "./open-gmail.ts";

let stage: GmailStage;
beforeEach(async () => {
  stage = await openGmail();
});
afterEach(() => stage.google.stop());

const signIn = () => gmail.signIn(stage.inbox, toolsOf(stage));

describe("access tokens", () => {
  test("one is asked for once, kept, and used until a minute before its end", async () => {
    await signIn();
    await signIn();
    expect(timesAsked(stage, "token")).toBe(1);
    stage.secrets.expiresAt = Date.now() + 59_000;
    await signIn();
    expect(timesAsked(stage, "token")).toBe(2);
  });

  test("a refresh token that is replaced is stored before the new access token is used", async () => {
    stage.google.oauth.rotates = true;
    const first = stage.secrets.refreshToken;
    let storedBeforeUse: string | undefined;
    stage.google.script = ({ method }) => {
      if (method === "gmail.users.getProfile") storedBeforeUse ??= stage.secrets.refreshToken;
      return null;
    };
    await signIn();
    expect(storedBeforeUse).not.toBe(first);
    expect(stage.secrets.refreshToken).toBe(storedBeforeUse);
    stage.google.oauth.endAccess();
    await signIn();
    expect(stage.secrets.refreshToken).not.toBe(storedBeforeUse);
  });

  test("one that ended before its time is renewed once, unseen", async () => {
    await signIn();
    stage.google.oauth.endAccess();
    await signIn();
    expect(timesAsked(stage, "token")).toBe(2);
  });

  test("one that is refused again is a matter of signing in", async () => {
    stage.google.script = ({ method }) => (method.startsWith("gmail") ? badToken() : null);
    expect(await failureOf(signIn())).toMatchObject({ kind: "auth", message: expect.stringContaining("Sign in at Google again") });
    expect(timesAsked(stage, "gmail.users.getProfile")).toBe(2);
  });

  test("many requests at once renew it once", async () => {
    for (let n = 0; n < 20; n++) stage.mailbox.put(letter(n), ["SENT"]);
    await pullAll(stage);
    stage.google.oauth.endAccess();
    const before = timesAsked(stage, "token");
    const tools = toolsOf(stage);
    let waiting: Promise<Json> = Promise.resolve(null);
    // One refresh at a time, as the database's lease makes it.
    const refresh = (fn: (current: Json) => Promise<Json>): Promise<Json> => {
      waiting = waiting.then(() => toolsOf(stage).credentials.refresh(fn));
      return waiting;
    };
    await pullAll(stage, null, { credentials: { ...tools.credentials, refresh } });
    expect(timesAsked(stage, "token") - before).toBe(1);
  });

  test("a pull reads the store for it once, not once a message", async () => {
    for (let n = 0; n < 20; n++) stage.mailbox.put(letter(n), ["SENT"]);
    await signIn();
    const tools = toolsOf(stage);
    let reads = 0;
    const read = (): Promise<Json> => {
      reads++;
      return tools.credentials.read();
    };
    await pullAll(stage, null, { credentials: { ...tools.credentials, read } });
    expect(reads).toBe(1);
  });

  test("what the token endpoint answers is stored even if the turn ends meanwhile", async () => {
    stage.google.oauth.rotates = true;
    const stop = new AbortController();
    stage.google.script = ({ method }) => {
      if (method === "token") stop.abort(new Error("the turn is over"));
      return null;
    };
    const first = stage.secrets.refreshToken;
    await expect(gmail.signIn(stage.inbox, toolsOf(stage, { signal: stop.signal }))).rejects.toThrow("the turn is over");
    await expect.poll(() => stage.secrets.refreshToken).not.toBe(first);
  });
});

describe("what is a matter of signing in, and what is not", () => {
  const atToken = (answer: ReturnType<typeof failure>) => {
    stage.google.script = ({ method }) => (method === "token" ? answer : null);
  };

  test("the consent has ended: auth", async () => {
    stage.google.oauth.endConsent();
    expect(await failureOf(signIn())).toMatchObject({ kind: "auth", outcome: null, message: expect.stringContaining("reconnect") });
  });

  test("a failing or busy token endpoint: not auth", async () => {
    atToken({ status: 503, body: "Service Unavailable" });
    expect(await failureOf(signIn())).toMatchObject({ kind: "unavailable" });
    atToken({ status: 500, body: { error: "internal_failure" } });
    expect(await failureOf(signIn())).toMatchObject({ kind: "unavailable" });
    atToken(grantError("rate_limit_exceeded", "Rate Limit Exceeded", 429));
    expect(await failureOf(signIn())).toMatchObject({ kind: "rate_limited" });
    stage.google.script = ({ method }) => (method === "token" ? "reset" : null);
    expect(await failureOf(signIn())).toMatchObject({ kind: "unavailable" });
    atToken({ status: 200, body: "<html>Please sign in to the hotel's network</html>" });
    expect(await failureOf(signIn())).toMatchObject({ kind: "unavailable", message: expect.stringContaining("no answer of Google's") });
    expect(stage.secrets).toEqual({ refreshToken: expect.any(String) });
  });

  test("the permission is missing, in each of Google's ways to say so", async () => {
    stage.google.script = ({ method }) => (method.startsWith("gmail") ? insufficientScope(method) : null);
    expect(await failureOf(signIn())).toMatchObject({ kind: "auth", outcome: "missing_permission" });
    stage.google.script = () => null;
    stage.secrets = stage.google.oauth.consent("anna@sales.example", ["https://www.googleapis.com/auth/gmail.labels"]);
    expect(await failureOf(signIn())).toMatchObject({ kind: "auth", outcome: "missing_permission" });
    // gmail.metadata beside gmail.readonly takes search and bodies away.
    stage.secrets = stage.google.oauth.consent("anna@sales.example", [readonlyScope, "https://www.googleapis.com/auth/gmail.metadata"]);
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "auth", outcome: "missing_permission" });
    const id = stage.mailbox.put(letter(1)).id;
    const session = await gmail.open(stage.inbox, toolsOf(stage));
    expect(await failureOf(session.fetchRaw(id, { maxBytes: 1000 }))).toMatchObject({ kind: "auth", outcome: "missing_permission" });
  });

  test("the administrator's policy, and an API that is not switched on", async () => {
    stage.google.script = ({ method }) =>
      method.startsWith("gmail") ? failure(403, "domainPolicy", "The domain administrators have disabled Gmail apps.") : null;
    expect(await failureOf(signIn())).toMatchObject({ kind: "auth", outcome: "needs_admin" });
    stage.google.script = ({ method }) =>
      method.startsWith("gmail") ? failure(403, "accessNotConfigured", "Gmail API has not been used in project 1") : null;
    expect(await failureOf(signIn())).toMatchObject({ kind: "rejected" });
  });

  test("tokens and secrets stand in no error and no log, whatever fails", async () => {
    const said: string[] = [];
    const note = (fields: object, message: string): void => void said.push(JSON.stringify(fields) + message);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    const scripts = [
      () => ({ status: 400, body: { error: "invalid_grant", error_description: stage.secrets.refreshToken } }),
      () => failure(403, "forbidden", `no ${stage.secrets.refreshToken}`),
      () => "reset" as const,
    ];
    for (const script of scripts) {
      stage.google.script = script;
      const error = (await failureOf(gmail.signIn(stage.inbox, toolsOf(stage, { log })))) as Error;
      said.push(JSON.stringify(error, Object.getOwnPropertyNames(error)), String(error.stack), String(error.cause));
    }
    for (const secret of [stage.secrets.refreshToken, stage.google.oauth.client.secret, "ya29."]) expect(said.join()).not.toContain(secret);
  });
});

describe("domain-wide delegation", () => {
  beforeEach(() => {
    stage.app = appOf(stage.google, allowServiceAccount(stage.google));
    stage.secrets = {} as GmailStage["secrets"];
  });
  const enter = (address = "anna@sales.example") => gmailDomain.signIn({ ...stage.inbox, address }, toolsOf(stage));

  test("opens any mailbox of the organisation, and stores no more than an access token", async () => {
    stage.google.addMailbox("jan@sales.example");
    expect((await enter()).address).toBe("anna@sales.example");
    expect(Object.keys(stage.secrets).toSorted()).toEqual(["accessToken", "expiresAt"]);
    stage.secrets = {} as GmailStage["secrets"];
    expect((await enter("jan@sales.example")).address).toBe("jan@sales.example");
  });

  test("only the operator may connect one, and nobody signs in at a page", () => {
    expect(gmailDomain.describe.operatorOnly).toBe(true);
    expect(gmailDomain.authorize).toBeUndefined();
  });

  test("an administrator who has not allowed it is told what to allow", async () => {
    if (stage.google.oauth.serviceAccount) stage.google.oauth.serviceAccount.allowed = [];
    const error = (await failureOf(enter())) as Error;
    expect(error).toMatchObject({ kind: "auth", outcome: "needs_admin" });
    expect(error.message).toContain("https://www.googleapis.com/auth/gmail.readonly");
  });

  test("a mailbox outside the organisation, and a key that is not set up", async () => {
    expect(await failureOf(enter("anna@else.example"))).toMatchObject({
      kind: "auth",
      message: expect.stringContaining("anna@else.example"),
    });
    const key = { client_email: "reader@project.iam.gserviceaccount.com", private_key: "no key" };
    stage.app = appOf(stage.google, key);
    expect(await failureOf(enter())).toMatchObject({ kind: "rejected", message: expect.stringContaining("private key") });
    stage.app = null;
    expect(await failureOf(enter())).toMatchObject({ kind: "rejected" });
  });
});

test("the stand-in: another project's client opens nothing", () => {
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "other", client_secret: "x", refresh_token: "y" });
  expect(createOAuth().token(form, Date.now()).status).toBe(401);
});
