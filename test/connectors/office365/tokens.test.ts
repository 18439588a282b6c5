import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { office365 } from "../../../connectors/office365/connector.ts";
import { problem } from "../../fakes/microsoft/graph-service.ts";
import { signInProblem } from "../../fakes/microsoft/sign-in-service.ts";
import type { Misbehaviour, Seen } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { failureOf, idsOf, letter, named } from "../letters.ts";
import { type Office365, openOffice365, pullAll, toolsOf } from "./open-office365.ts";

describe("tokens", () => {
  let stage: Office365;
  beforeEach(async () => {
    stage = await openOffice365();
    stage.put("inbox", letter(1));
  });
  afterEach(() => stage.close());

  const onToken = (answer: Misbehaviour): void => {
    stage.fake.script = ({ kind }: Seen) => (kind === "token" ? answer : null);
  };

  test("a token that ended in the middle of a poll is renewed once, and the poll goes on", async () => {
    let asked = 0;
    stage.fake.script = ({ kind }) => {
      if (kind === "graph" && ++asked === 4) stage.fake.signIn.expireAccessTokens();
      return null;
    };
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
    expect(stage.fake.signIn.asked).toEqual(["refresh_token"]);
  });

  test("a token about to end is renewed before it is used", async () => {
    stage.secrets.expiresAt = Date.now() + 60_000;
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
    expect(stage.fake.signIn.asked).toEqual(["refresh_token"]);
    expect(stage.fake.seen.every(({ status }) => status === 200)).toBe(true);
  });

  test("a refresh rotates: what came is stored before it is used", async () => {
    stage.secrets.expiresAt = 0;
    const order: string[] = [];
    const tools = toolsOf(stage);
    const { refresh } = tools.credentials;
    stage.fake.script = ({ kind }) => {
      order.push(kind);
      return null;
    };
    const credentials = {
      ...tools.credentials,
      refresh: async (fn: Parameters<typeof refresh>[0]) => {
        const stored = await refresh(fn);
        order.push("stored");
        return stored;
      },
    };
    const session = await office365.open(stage.inbox, { ...tools, credentials });
    await session.fetchRaw("AAkAnobody=", { maxBytes: 1000 });
    expect(order).toEqual(["other", "token", "stored", "graph"]);
  });

  test("two who renew at once make one renewal: the second finds what the first stored", async () => {
    stage.secrets.expiresAt = 0;
    const tools = toolsOf(stage);
    let line: Promise<unknown> = Promise.resolve();
    const refresh: typeof tools.credentials.refresh = (fn) => {
      const turn = line.then(() => tools.credentials.refresh(fn));
      line = turn;
      return turn;
    };
    const locked = { ...tools, credentials: { ...tools.credentials, refresh } };
    await Promise.all([office365.signIn(stage.inbox, locked), office365.signIn(stage.inbox, locked)]);
    expect(stage.fake.signIn.asked).toEqual(["refresh_token"]);
  });

  test.each([
    ["revoked", "invalid_grant", 50173, { suberror: "bad_token" }],
    ["unused for 90 days", "invalid_grant", 700082, {}],
    ["a second factor is asked for", "interaction_required", 50076, {}],
    ["consent was withdrawn", "invalid_grant", 65001, { suberror: "consent_required" }],
  ] as const)("the grant has ended (%s): auth, in a sentence that says to sign in again", async (_, error, number, more) => {
    stage.secrets.expiresAt = 0;
    onToken(signInProblem(400, error, number, "The grant has ended.", more));
    const failure = await failureOf(pullAll(stage));
    expect(failure).toMatchObject({ name: "ConnectorError", kind: "auth", message: expect.stringMatching(/sign in again/i) });
  });

  test.each([
    [
      "429 with a wait",
      signInProblem(429, "temporarily_unavailable", 90055, "Too many requests."),
      { "retry-after": "120" },
      "rate_limited",
      120_000,
    ],
    [
      "503 with a wait",
      signInProblem(503, "temporarily_unavailable", 90033, "A transient error."),
      { "retry-after": "30" },
      "rate_limited",
      30_000,
    ],
    ["500", signInProblem(500, "server_error", 90033, "A transient error."), {}, "unavailable", null],
    ["invalid_grant with 500", signInProblem(500, "invalid_grant", 50173, "Broken."), {}, "unavailable", null],
    ["400 that is transient", signInProblem(400, "temporarily_unavailable", 90033, "A transient error."), {}, "unavailable", null],
  ] as const)("the token endpoint is busy (%s): no reason to reconnect", async (_, reply, headers, kind, retryAfterMs) => {
    stage.secrets.expiresAt = 0;
    onToken({ ...reply, headers });
    expect(await failureOf(pullAll(stage))).toMatchObject({ name: "ConnectorError", kind, retryAfterMs });
    stage.fake.script = () => null;
    expect(idsOf(await pullAll(stage)), "and nothing was lost").toEqual(named(1));
  });

  test("the token endpoint resets the connection, or hangs until the turn ends", async () => {
    stage.secrets.expiresAt = 0;
    onToken("reset");
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "unavailable" });
    onToken("hang");
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("the turn is over")), 100);
    await expect(pullAll(stage, null, { signal: stop.signal })).rejects.toThrow("the turn is over");
  });

  test("Graph refuses every token: auth after one renewal", async () => {
    stage.fake.script = ({ kind }) =>
      kind === "graph" ? problem(401, "InvalidAuthenticationToken", "CompactToken validation failed.") : null;
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "auth" });
    expect(stage.fake.signIn.asked).toEqual(["refresh_token"]);
  });

  test("no token and no secret stands in an error or a log", async () => {
    stage.secrets.expiresAt = 0;
    const words = [stage.secrets.accessToken, "rt.", "at.", stage.fake.signIn.app.clientSecret];
    const logged: string[] = [];
    const note = (fields: object, message: string): void => void logged.push(JSON.stringify(fields) + message);
    const log = { debug: note, info: note, warn: note, error: note };
    for (const answer of [
      signInProblem(400, "invalid_grant", 50173, "Ended."),
      "reset",
      problem(403, "ErrorAccessDenied", "No."),
    ] as const) {
      onToken(answer);
      const error = (await failureOf(pullAll(stage, null, { log }))) as Error;
      const said = logged.join() + error.stack + JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause);
      for (const word of words) expect(said).not.toContain(word);
    }
  });
});

describe("application access", () => {
  let stage: Office365;
  beforeEach(async () => {
    stage = await openOffice365({ access: "application" });
    stage.app.tenant = stage.fake.signIn.tenant;
    stage.secrets = { cache: "", accessToken: "", expiresAt: 0 };
    stage.put("inbox", letter(1));
  });
  afterEach(() => stage.close());

  test("the app reads the mailbox by its own secret, under /users, and keeps its token", async () => {
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
    await pullAll(stage);
    expect(stage.fake.signIn.asked).toEqual(["client_credentials"]);
    expect(
      stage.fake.seen.filter(({ kind }) => kind === "graph").every(({ path }) => path.startsWith("/v1.0/users/anna%40sales.example/")),
    ).toBe(true);
  });

  test("a profile that is closed to the app leaves the address that was given, with a warning", async () => {
    const { address, addresses, warnings } = await office365.signIn(stage.inbox, toolsOf(stage));
    expect([address, addresses]).toEqual(["anna@sales.example", ["anna@sales.example"]]);
    expect(warnings.map(({ code }) => code)).toEqual(["aliases_unknown"]);
  });

  test("a mailbox outside what the administrator allowed: missing_permission", async () => {
    stage.fake.signIn.applicationMailboxes = ["jan@sales.example"];
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "auth", outcome: "missing_permission" });
  });

  test("without a tenant of one's own the operator is told", async () => {
    stage.app.tenant = "organizations";
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "rejected", message: expect.stringContaining("tenant") });
  });
});

describe("shared mailboxes", () => {
  test("are read under their own address, with the permission for them", async () => {
    const stage = await openOffice365({ sharedMailbox: "office@sales.example" });
    const shared = stage.fake.addMailbox("office@sales.example");
    shared.addFolder("Bounces");
    shared.put("inbox", Buffer.from(letter("shared")), { receivedAt: stage.fake.now() });
    stage.fake.tick();
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "auth", outcome: "missing_permission" });
    stage.secrets.accessToken = stage.fake.signIn.signedIn("anna@sales.example", [
      "Mail.Read",
      "Mail.Read.Shared",
      "User.Read",
    ]).accessToken;
    expect(idsOf(await pullAll(stage))).toEqual(named("shared"));
    await stage.close();
  });
});
