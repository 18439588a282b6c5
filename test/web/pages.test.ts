import { describe, expect, it } from "vitest";
import { createSignInLink } from "../../src/store/sign-in.ts";
import { html } from "../../src/web/html.ts";
import { startServer, type TestServer } from "../api/server.ts";
import { now } from "../sync/world.ts";

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
