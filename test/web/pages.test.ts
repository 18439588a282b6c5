import { describe, expect, it } from "vitest";
import { listEngagements } from "../../src/store/engagements.ts";
import { newId } from "../../src/store/ids.ts";
import { createSignInLink } from "../../src/store/sign-in.ts";
import { html } from "../../src/web/page/html.ts";
import { startServer, type TestServer } from "../api/server.ts";
import { now } from "../sync/world.ts";
import { signedInAs } from "./browser.ts";

const signIn = async ({ server, database, ours }: TestServer): Promise<string> => {
  const secret = await database.transaction((tx) => createSignInLink(tx, ours.accountId, now));
  const opened = await server.inject({ url: `/?signin=${secret}` });
  expect([opened.statusCode, opened.headers.location]).toEqual([303, "/timeline"]);
  const cookie = String(opened.headers["set-cookie"]);
  expect(cookie).toMatch(/HttpOnly; SameSite=Lax/);
  return cookie.split(";")[0] ?? "";
};

describe("the timeline page", () => {
  it("shows the account's bounces, nobody else's, without a script", async () => {
    const test = await startServer();
    const page = await test.server.inject({ url: "/timeline", headers: { cookie: await signIn(test) } });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain("Hard bounce: Unknown user");
    expect(page.body).toContain("550 5.1.1 &lt;nobody@customer.example&gt;: Recipient address rejected");
    expect(page.body.match(/<li class="bounce /g)).toHaveLength(2);
    // It can be read without the one script there is: it only tells the reader's time zone.
    expect(page.body.match(/<script[^>]*>/g)).toEqual(['<script src="/assets/app.js" defer>']);
    expect(page.headers["content-security-policy"]).toMatch(/default-src 'none'/);
  });

  it("speaks Polish to a Polish reader, and remembers the choice", async () => {
    const test = await startServer();
    const cookie = await signIn(test);
    const chosen = await test.server.inject({ url: "/timeline?language=pl", headers: { cookie } });
    expect(chosen.body).toContain('<html lang="pl">');
    expect(chosen.body).toContain("Twarde odrzucenie: Nieznany użytkownik");
    expect(String(chosen.headers["set-cookie"])).toContain("bounceline_language=pl");
    const later = await test.server.inject({ url: "/timeline", headers: { cookie: `${cookie}; bounceline_language=pl` } });
    expect(later.body).toContain("Odrzucenia");
  });
});

describe("the filters of the timeline", () => {
  const addresses = (body: string) =>
    [...body.matchAll(/<p class="who"><a href="\/contacts\/con_\w+">([^<]+)</g)].map(([, address]) => address);

  it("narrow by type, category, inbox and address, and stay in the form", async () => {
    const test = await startServer();
    const browser = await signedInAs(test, "support");
    const found = async (query: string) => addresses((await browser.get(`/timeline?${query}`)).body);
    const [hard, pending] = ["nobody@customer.example", "grey@customer.example"];
    expect(await found("")).toHaveLength(2);
    for (const [query, expected] of [
      ["state=hard", [hard]],
      ["state=pending", [pending]],
      ["category=unknown_user", [hard]],
      ["category=spam", []],
      ["address=NOBODY@", [hard]],
      ["address=@customer.example&state=pending", [pending]],
      ["address=omer", []],
      [`inbox=${test.ours.inboxId}&state=hard`, [hard]],
      [`inbox=${test.theirs.inboxId}`, []],
    ] as const)
      expect(await found(query), query).toEqual(expected);
    const { body } = await browser.get("/timeline?state=hard&address=%3Cb%3E");
    expect(body).toContain('<option value="hard" selected>');
    expect(body).toContain('name="address" value="&lt;b&gt;"');
    expect(body).toContain("No bounce fits. Choose less, or show all.");
    expect(await found("state=nonsense")).toHaveLength(2);
  });

  it("show no colleague's inbox to sales", async () => {
    const test = await startServer();
    const other = await signedInAs(test, "sales", "ola@sales.example");
    expect(addresses((await other.get(`/timeline?inbox=${test.ours.inboxId}`)).body)).toEqual([]);
  });

  it("stay in the link to older bounces", async () => {
    const test = await startServer();
    const { data } = await listEngagements(test.database.read, test.ours.accountId, { state: ["hard"] });
    const row = await test.database.read
      .selectFrom("engagements")
      .selectAll()
      .where("id", "=", data[0]?.id ?? "")
      .executeTakeFirstOrThrow();
    const more = Array.from({ length: 100 }, (_, n) => ({ ...row, id: newId("eng", now), recipient_key: `u${n}@customer.example` }));
    await test.database.transaction((tx) => tx.insertInto("engagements").values(more).execute());
    const browser = await signedInAs(test, "support");
    const { body } = await browser.get("/timeline?state=hard&category=unknown_user");
    expect(body.match(/<li class="bounce hard/g)).toHaveLength(100);
    const older = /<a href="(\?state=hard&amp;category=unknown_user&amp;cursor=[^"]+)">/.exec(body)?.[1]?.replaceAll("&amp;", "&");
    expect((await browser.get(`/timeline${older}`)).body.match(/<li class="bounce /g)).toHaveLength(1);
  });

  it("begins at the beginning, as every list does, where an address was cut short", async () => {
    const test = await startServer();
    const { data } = await listEngagements(test.database.read, test.ours.accountId);
    const browser = await signedInAs(test, "support");
    for (const list of ["/timeline?state=hard", "/contacts?", "/sends?", `/contacts/${data[0]?.contactId}?`, "/notices?"]) {
      const seen = await browser.get(`${list}&cursor=cut-sho`);
      expect([list, seen.status, seen.url]).toEqual([list, 200, expect.not.stringContaining("cursor")]);
      expect(seen.url).toContain(list.replace(/\?$/, ""));
    }
  });
});

describe("signing in by link", () => {
  it("works once", async () => {
    const test = await startServer();
    const secret = await test.database.transaction((tx) => createSignInLink(tx, test.ours.accountId, now));
    expect((await test.server.inject({ url: `/?signin=${secret}` })).statusCode).toBe(303);
    expect((await test.server.inject({ url: `/?signin=${secret}` })).statusCode).toBe(401);
  });

  it("does not work a day later, nor with a made-up link or session", async () => {
    const test = await startServer();
    const old = await test.database.transaction((tx) => createSignInLink(tx, test.ours.accountId, now - 86_400_000));
    expect((await test.server.inject({ url: `/?signin=${old}` })).statusCode).toBe(401);
    expect((await test.server.inject({ url: "/?signin=guess" })).statusCode).toBe(401);
    const page = await test.server.inject({ url: "/timeline", headers: { cookie: "bounceline_session=guess" } });
    expect([page.statusCode, page.headers.location]).toEqual([303, "/signin?next=%2Ftimeline"]);
  });
});

describe("html", () => {
  it("escapes every value, in text and in attributes, and keeps its own", () => {
    const nasty = `<img src=x onerror="alert(1)">'&`;
    expect(html`<p title="${nasty}">${nasty}${html`<b>${1}</b>`}${[html`<i>`, "<"]}${null}${false}${undefined}</p>`.markup).toBe(
      `<p title="&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;">&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;<b>1</b><i>&lt;</p>`,
    );
  });
});
