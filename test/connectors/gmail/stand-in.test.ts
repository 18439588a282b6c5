/** The stand-in itself: that it judges, and that each thing Google does which we count on can be provoked. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf, type GmailStage, letter, openGmail, readonlyScope } from "./open-gmail.ts";

let stage: GmailStage;
let token: string;
beforeEach(async () => {
  stage = await openGmail();
  token = tokenFor(stage.secrets.refreshToken);
});
afterEach(() => stage.google.stop());

const tokenFor = (refreshToken: string): string => {
  const { id, secret } = stage.google.oauth.client;
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: id, client_secret: secret, refresh_token: refreshToken });
  return (stage.google.oauth.token(form, Date.now()).body as { access_token: string }).access_token;
};

type Answered = { status: number; body: Record<string, unknown> };

const get = async (path: string, bearer = token): Promise<Answered> => {
  const response = await fetch(`${stage.google.origin}/gmail/v1/users/${path}`, { headers: { authorization: `Bearer ${bearer}` } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const reasonOf = ({ body }: Answered): string | undefined => (body.error as { errors: { reason: string }[] }).errors[0]?.reason;

describe("Google's schema is the judge", () => {
  const judged = async (path: string): Promise<unknown> => {
    await get(path).catch(() => null);
    const verdict = await failureOf(stage.google.stop());
    stage = await openGmail();
    return verdict;
  };

  test("a parameter that is not there, is given twice or has no such value fails the test", async () => {
    for (const path of [
      "me/messages?max_results=5",
      "me/messages?q=a&q=b",
      "me/messages?maxResults=many",
      "me/history?startHistoryId=1&historyTypes=added",
      "me/nothing",
    ])
      expect(await judged(path), path).toMatchObject({ message: expect.stringContaining("Against Google's schema") });
    expect(await judged("me/messages?maxResults=5&q=in%3Asent&labelIds=SENT&labelIds=INBOX")).toBeNull();
  });

  test("so does an answer with a wrong field", async () => {
    stage.mailbox.sendAs.push({ sendAsEmail: "a@b.example", verificationStatus: "yes" as "accepted" });
    expect(await judged("me/settings/sendAs")).toMatchObject({ message: expect.stringContaining("verificationStatus") });
  });
});

describe("what Google does", () => {
  test("history: absent when empty, in order with gaps, 404 for what is too old, too new or another mailbox's", async () => {
    const start = String(stage.mailbox.historyId);
    expect((await get(`me/history?startHistoryId=${start}`)).body).toEqual({ historyId: start });
    for (let n = 0; n < 5; n++) stage.mailbox.put(letter(n));
    const { body } = await get(`me/history?startHistoryId=${start}&maxResults=3`);
    const ids = (body.history as { id: string }[]).map(({ id }) => BigInt(id));
    expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0n))).toBe(true);
    expect(Number((ids[2] ?? 0n) - (ids[0] ?? 0n))).toBeGreaterThan(2);
    expect((await get(`me/history?startHistoryId=${start}&maxResults=3&pageToken=${body.nextPageToken}`)).body.history).toHaveLength(2);
    for (const id of ["1", "18446744073709551615"]) expect((await get(`me/history?startHistoryId=${id}`)).status).toBe(404);
    stage.mailbox.forgetChanges();
    expect((await get(`me/history?startHistoryId=${start}`)).status).toBe(404);
  });

  test("messages: newest first, without spam and trash unless asked, pages bound to their search", async () => {
    const now = Date.now();
    const old = stage.mailbox.put(letter("old"), ["INBOX"], now - 1000);
    const young = stage.mailbox.put(letter("young"), ["INBOX"], now);
    stage.mailbox.put(letter("spam"), ["SPAM"], now);
    const { body } = await get("me/messages?maxResults=1&q=subject:offer");
    expect(body.messages).toEqual([{ id: young.id, threadId: young.threadId }]);
    const next = await get(`me/messages?maxResults=1&q=subject:offer&pageToken=${body.nextPageToken}`);
    expect(next.body).toMatchObject({ messages: [{ id: old.id }] });
    expect(next.body.nextPageToken).toBeUndefined();
    expect((await get(`me/messages?q=else&pageToken=${body.nextPageToken}`)).status).toBe(400);
    expect((await get("me/messages?includeSpamTrash=true")).body.messages).toHaveLength(3);
    expect((await get("me/messages?q=nowhere")).body.messages).toBeUndefined();
  });

  test("formats: minimal, metadata with the fields asked for, full with a report's fields in a child part, raw as it came", async () => {
    const raw = `${letter(1, 'Content-Type: multipart/report; boundary="b"\r\n')}\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n--b--\r\n`;
    const { id } = stage.mailbox.put(raw);
    expect((await get(`me/messages/${id}?format=minimal`)).body.payload).toBeUndefined();
    const metadata = await get(`me/messages/${id}?format=metadata&metadataHeaders=subject`);
    expect(metadata.body.payload).toEqual({ mimeType: "multipart/report", headers: [{ name: "Subject", value: "Offer 1" }] });
    const full = (await get(`me/messages/${id}?format=full`)).body.payload as {
      parts: { mimeType: string; parts: { headers: object[] }[] }[];
    };
    expect(full.parts[0]).toMatchObject({ mimeType: "message/delivery-status", parts: [{ headers: [{ name: "Reporting-MTA" }] }] });
    expect(Buffer.from(String((await get(`me/messages/${id}?format=raw&fields=raw`)).body.raw), "base64url").toString()).toBe(raw);
    stage.mailbox.remove(id);
    expect((await get(`me/messages/${id}`)).status).toBe(404);
    expect((await get("me/messages/none-of-ours")).status).toBe(400);
  });

  test("tokens and scopes: 401, 403, and what gmail.metadata takes away", async () => {
    expect((await get("me/profile", "ya29.nobody's")).status).toBe(401);
    const labels = tokenFor(
      stage.google.oauth.consent("anna@sales.example", ["https://www.googleapis.com/auth/gmail.labels"]).refreshToken,
    );
    expect(reasonOf(await get("me/messages", labels))).toBe("insufficientPermissions");
    const both = [readonlyScope, "https://www.googleapis.com/auth/gmail.metadata"];
    const metadata = tokenFor(stage.google.oauth.consent("anna@sales.example", both).refreshToken);
    const { id } = stage.mailbox.put(letter(1));
    expect((await get("me/messages?q=x", metadata)).status).toBe(403);
    expect((await get(`me/messages/${id}?format=raw`, metadata)).status).toBe(403);
    expect((await get(`me/messages/${id}?format=metadata`, metadata)).status).toBe(200);
    stage.google.now = () => Date.now() + 3_600_000;
    expect((await get("me/profile")).status).toBe(401);
  });

  test("quotas: units by method, refused in both ways", async () => {
    stage.google.quota.perUserPerMinute = 6;
    expect((await get("me/messages")).status).toBe(200);
    expect(reasonOf(await get("me/history?startHistoryId=9100000"))).toBe("userRateLimitExceeded");
    stage.google.quota.refusal = 429;
    expect((await get("me/messages")).status).toBe(429);
    stage.google.now = () => Date.now() + 61_000;
    expect((await get("me/messages")).status).toBe(200);
  });
});

test("a batch: every call has its own outcome, and pays its own units", async () => {
  const { id } = stage.mailbox.put(letter(1));
  const part = (n: number, path: string): string =>
    `--b\r\nContent-Type: application/http\r\nContent-ID: <x + ${n}>\r\n\r\nGET /gmail/v1/users/${path}\r\n\r\n`;
  const ask = (paths: readonly string[]) =>
    fetch(`${stage.google.origin}/batch/gmail/v1`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "multipart/mixed; boundary=b" },
      body: `${paths.map((path, n) => part(n, path)).join("")}--b--`,
    });
  stage.google.quota.perUserPerMinute = 41;
  const text = await (await ask([`me/messages/${id}?format=minimal`, "me/messages/abc", "me/profile", "me/messages"])).text();
  expect([...text.matchAll(/Content-ID: <response-x \+ (\d)>\s+HTTP\/1.1 (\d+)/g)].map(([, n, status]) => `${n} ${status}`)).toEqual([
    "0 200",
    "1 404",
    "2 200",
    "3 403",
  ]);
  expect((await ask(Array(101).fill("me/profile"))).status).toBe(400);
});
