import { describe, expect, it } from "vitest";
import { listAudit } from "../../src/store/audit-log.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { answerShare } from "../../src/store/notice-shares.ts";
import { getNotice, listNotices } from "../../src/store/notices.ts";
import { startServer, type TestServer } from "../api/server.ts";
import { now } from "../sync/world.ts";
import { type Browser, cameByLink, signedInAs } from "./browser.ts";
import { namelessNotice, receive, twoUntied } from "./notice-world.ts";

const anna = (test: TestServer): Promise<Browser> => signedInAs(test, "sales", "anna@sales.example");

/** The suggestion's radio button. */
const choiceIn = (body: string): string => /name="sentMessageId" value="(msg_\w+)"/.exec(body)?.[1] ?? "";

describe("the queue of unmatched notices", () => {
  it("shows what probably fits first, with the server's words and the reason; a person's word logs it and leads to the next", async () => {
    const test = await startServer();
    const [nameless, forged] = await twoUntied(test);
    const browser = await anna(test);
    const { body } = await browser.get("/notices");
    expect(body.indexOf(nameless)).toBeLessThan(body.indexOf(forged));
    expect(body).toContain('<blockquote lang="en">550 5.1.1');
    expect(body).toContain("Fits by recipient and time alone");
    expect(body).toContain("Names a message nobody here sent");
    const done = await browser.submit(`/notices/${nameless}/decide`, {
      decision: "confirm",
      sentMessageId: choiceIn(body),
      note: "called them",
    });
    expect(done.url).toContain(`decided=${nameless}`);
    expect(done.body).toContain("Confirmed: logged on nobody@customer.example&#39;s timeline.");
    expect(done.body).toContain("Next:");
    expect(done.body).toContain(`href="/notices/${forged}"`);
    const [engagement] = (await listEngagements(test.database.read, test.ours.accountId)).data.filter(
      ({ noticeId }) => noticeId === nameless,
    );
    const notice = await getNotice(test.database.read, test.ours.accountId, nameless);
    expect(notice).toMatchObject({ state: "matched", matches: [{ because: "The sales said that it is about this message." }] });
    expect(engagement ?? notice?.matches[0]?.engagementId).toBeTruthy();

    const end = await browser.submit(`/notices/${forged}/decide`, { decision: "dismiss" });
    expect(end.body).toContain("Set aside: it belongs to none of your messages.");
    expect(end.body).toContain("Every notice found its message.");
    expect((await browser.get(`/notices/${forged}`)).body).toContain("The sales decided on");
  });

  it("takes no message that was not suggested, and nothing twice", async () => {
    const test = await startServer();
    const [nameless, forged] = await twoUntied(test);
    const browser = await anna(test);
    const support = await signedInAs(test, "support");
    const { body } = await browser.get("/notices");
    const wrong = await browser.submit(`/notices/${forged}/decide`, { decision: "confirm", sentMessageId: choiceIn(body) });
    expect([wrong.status, wrong.body]).toEqual([422, expect.stringContaining("Choose the message it is about first.")]);
    // What answers a form has no address of its own: a link to it in another language would lead nowhere.
    expect(wrong.body).not.toContain("language=pl");
    expect(body).toContain("/notices?language=pl");
    await browser.get("/notices");
    expect((await browser.submit(`/notices/${nameless}/decide`, { decision: "confirm" })).status).toBe(422);
    await support.get("/notices");
    await browser.get("/notices");
    await browser.submit(`/notices/${nameless}/decide`, { decision: "dismiss" });
    const late = await support.submit(`/notices/${nameless}/decide`, { decision: "confirm", sentMessageId: choiceIn(body) });
    expect([late.status, late.body]).toEqual([409, expect.stringContaining("Somebody has decided on this notice already.")]);
    expect((await getNotice(test.database.read, test.ours.accountId, nameless))?.state).toBe("dismissed");
  });

  it("is filtered by state and inbox, in the reader's language", async () => {
    const test = await startServer();
    const [nameless, forged] = await twoUntied(test);
    const support = await signedInAs(test, "support");
    const filtered = await support.get("/notices?state=not_ours&language=pl");
    expect(filtered.body).toContain("Niedopasowane powiadomienia");
    expect(filtered.body).toContain("Wskazuje wiadomość, której nikt tu nie wysłał (1)");
    expect([filtered.body.includes(nameless), filtered.body.includes(forged)]).toEqual([false, true]);
    expect((await support.get("/notices?state=waiting")).body).toContain("Żadne powiadomienie nie spełnia tych warunków.");
    expect((await support.get("/notices?cursor=nonsense")).body).toContain(nameless);
  });

  it("shows sales users those of their own inboxes, and nobody those of another account", async () => {
    const test = await startServer();
    const [nameless] = await twoUntied(test);
    const other = await signedInAs(test, "sales", "ola@sales.example");
    const { body } = await other.get("/notices");
    expect(body).toContain("Every notice found its message.");
    const csrf = /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? "";
    for (const path of ["", "/text", "/notice.eml", "/redacted.eml"])
      expect((await other.get(`/notices/${nameless}${path}`)).status).toBe(404);
    expect((await other.submit(`/notices/${nameless}/decide`, { csrf, decision: "dismiss" })).status).toBe(404);
    expect((await other.submit(`/notices/${nameless}/share`, { csrf, answer: "shared" })).status).toBe(404);
    const owner = await signedInAs(test, "owner");
    const { data } = await listNotices(test.database.read, test.theirs.accountId);
    expect((await owner.get(`/notices/${data[0]?.id}`)).status).toBe(404);
  });
});

describe("a notice's page", () => {
  it("says what was read, how it was matched and each step; its owner reads the text and takes it along", async () => {
    const test = await startServer();
    const [nameless] = await twoUntied(test);
    const browser = await anna(test);
    const { body } = await browser.get(`/notices/${nameless}`);
    expect(body).toContain("Hard bounce");
    expect(body).toContain("<code>user-unknown</code>");
    expect(body).toContain("The notice names no message.");
    expect(body).toMatch(/<ol class="trace-steps"><li><span lang="en">.*report_type/s);
    const polish = (await browser.get(`/notices/${nameless}?language=pl`)).body;
    expect(polish).toContain('<p lang="pl">Powiadomienie nie wskazuje żadnej wiadomości.');
    expect(polish).toMatch(/<ol class="trace-steps"><li><span lang="pl">Pole Content-Type zapowiada raport o doręczeniu\./);
    expect(polish).not.toContain('<span lang="en">It');
    const queue = (await browser.get("/notices?language=pl")).body;
    expect(queue).toContain('<p lang="pl">Powiadomienie nie wskazuje żadnej wiadomości.');
    expect(body).toContain("Secret merger");
    const text = await browser.get(`/notices/${nameless}/text`);
    expect(text.body).toMatch(/<details open><summary><code>message\/delivery-status<\/code>/);
    expect(text.body).toContain("Final-Recipient: rfc822; nobody@customer.example");
    const file = await browser.get(`/notices/${nameless}/notice.eml`);
    expect(file.headers).toMatchObject({
      "content-type": "message/rfc822",
      "content-disposition": `attachment; filename="${nameless}.eml"`,
    });
    expect(file.body).toContain("Subject: Secret merger");
    const redacted = await browser.get(`/notices/${nameless}/redacted.eml`);
    expect(redacted.body).toContain("User unknown");
    expect(redacted.body).not.toMatch(/merger|nobody@|anna@|customer\.example/i);
  });
});

const textRoutes = ["/text", "/notice.eml", "/redacted.eml"];

describe("consent", () => {
  it("support and owners read no notice that its owner does not share, by any route; the subject is masked", async () => {
    const test = await startServer();
    const [nameless] = await twoUntied(test);
    await anna(test);
    const readers = [await signedInAs(test, "support"), await signedInAs(test, "owner"), await cameByLink(test)];
    for (const reader of readers) {
      const page = await reader.get(`/notices/${nameless}`);
      expect(page.body).toContain("User unknown");
      expect(page.body).toContain("S••••• m•••••");
      expect(page.body).not.toMatch(/merger|notice\.eml/);
      expect(page.body).toContain("Ask The sales to share this notice");
      for (const route of textRoutes) {
        const refused = await reader.get(`/notices/${nameless}${route}`);
        expect([refused.status, refused.headers["content-type"]]).toEqual([403, "text/html; charset=utf-8"]);
        expect(refused.body).not.toMatch(/merger|Final-Recipient/);
      }
      const { body } = await reader.get("/notices");
      expect(body).not.toMatch(/merger/);
      // Answering for the owner is the owner's alone.
      const csrf = /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? "";
      expect((await reader.submit(`/notices/${nameless}/share`, { csrf, answer: "shared" })).status).toBe(404);
    }
  });

  it("is asked for, given, written down with each reading, and taken back", async () => {
    const test = await startServer();
    const [nameless] = await twoUntied(test);
    const owner = await anna(test);
    const support = await signedInAs(test, "support");
    await support.get(`/notices/${nameless}`);
    const asked = await support.submit(`/notices/${nameless}/ask`, { note: "ticket <7>" });
    expect(asked.body).toContain("The sales was asked on 25 Nov 2026, 17:00");
    expect((await support.get(`/notices/${nameless}/text`)).status).toBe(403);
    const queue = await owner.get("/notices");
    expect(queue.body).toContain("The support asks to read the notice about nobody@customer.example");
    expect(queue.body).toContain("<blockquote>ticket &lt;7&gt;</blockquote>");
    const answered = await owner.submit(`/notices/${nameless}/share`, { answer: "shared" });
    expect(answered.body).toContain("Support can read it until 2 Dec 2026, 17:00.");
    expect((await owner.get("/notices")).body).not.toContain("You are asked to share");

    const shown = await support.get(`/notices/${nameless}`);
    expect(shown.body).toContain("Shared by The sales until 2 Dec 2026, 17:00");
    expect(shown.body).toContain("Secret merger");
    for (const route of textRoutes) expect((await support.get(`/notices/${nameless}${route}`)).status).toBe(200);
    await owner.get(`/notices/${nameless}`);
    await owner.submit(`/notices/${nameless}/share`, { answer: "ended" });
    for (const route of textRoutes) expect((await support.get(`/notices/${nameless}${route}`)).status).toBe(403);
    expect((await support.get(`/notices/${nameless}`)).body).toContain("The sales ended sharing on");
    const again = await owner.get(`/notices/${nameless}`);
    const csrf = /name="csrf" value="([^"]+)"/.exec(again.body)?.[1] ?? "";
    expect((await owner.submit(`/notices/${nameless}/share`, { csrf, answer: "shared" })).status).toBe(409);

    await owner.submit("/signout");
    const read = (await listAudit(test.database.read, test.ours.accountId, { subject: nameless, limit: 200 })).data.filter(({ action }) =>
      textRoutes.some((route) => action === `GET /notices/:id${route}`),
    );
    // What was refused was not read.
    expect(read.map(({ action }) => action).sort()).toEqual(textRoutes.map((route) => `GET /notices/:id${route}`).sort());
    expect(read.every(({ by }) => by.startsWith("session:usr_"))).toBe(true);
  });

  it("ends by itself after seven days, and a declined request can be made again", async () => {
    const test = await startServer();
    const [nameless] = await twoUntied(test);
    const owner = await anna(test);
    const support = await signedInAs(test, "support");
    await support.get(`/notices/${nameless}`);
    await support.submit(`/notices/${nameless}/ask`);
    await owner.get("/notices");
    await owner.submit(`/notices/${nameless}/share`, { answer: "declined" });
    expect((await support.get(`/notices/${nameless}`)).body).toContain("The sales declined on");
    await support.submit(`/notices/${nameless}/ask`);
    const eightDaysAgo = now - 8 * 86_400_000;
    await test.database.transaction((tx) =>
      answerShare(tx, test.ours.accountId, nameless, { state: "shared", userId: "usr_x" }, eightDaysAgo),
    );
    const page = await support.get(`/notices/${nameless}`);
    expect(page.body).toContain("It was shared until 24 Nov 2026, 17:00.");
    expect(page.body).toContain("Ask The sales to share this notice");
    for (const route of textRoutes) expect((await support.get(`/notices/${nameless}${route}`)).status).toBe(403);
  });

  it("can be given by nobody here where the inbox's owner does not sign in here: it can be forwarded", async () => {
    const test = await startServer();
    const [nameless] = await twoUntied(test);
    const support = await signedInAs(test, "support");
    const { body } = await support.get(`/notices/${nameless}`);
    expect(body).toContain("anna@sales.example belongs to nobody who signs in here");
    const csrf = /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? "";
    const asked = await support.submit(`/notices/${nameless}/ask`, { csrf });
    expect(asked.body).not.toContain("was asked on");
  });
});

const big = "x".repeat(1_000_000);
const hostile = [
  [
    "scripts in header and text",
    namelessNotice({
      subject: "Subject: <script>alert(1)</script>\r\n",
      body: "<script>alert(2)</script><img src=https://evil.example/pixel onerror=alert(3)> &lt;b&gt; \u202egnp.exe",
    }),
    "&lt;script&gt;alert(2)&lt;/script&gt;",
  ],
  [
    "HTML",
    namelessNotice()
      .replace("Content-Type: text/plain", "Content-Type: text/html")
      .replace(
        "Your message could not be delivered.",
        '<p onclick="steal()">Sorry</p><iframe src="https://evil.example"></iframe><style>body{display:none}</style>',
      ),
    "&lt;iframe src=&quot;https://evil.example&quot;&gt;",
  ],
  ["a part of a megabyte", namelessNotice({ body: `Your message could not be delivered.\r\n${big}` }), "The first 100,000 characters of"],
  [
    "broken MIME",
    namelessNotice()
      .replace(/--\S+--\r\n$/, "")
      .replaceAll("Content-Transfer-Encoding", "Content-Transfer\u0000Encoding"),
    "delivery-status",
  ],
] as const;

describe("a hostile notice", () => {
  it.each(hostile)("with %s is shown as text, and nothing of it is markup", async (_, raw, shown) => {
    const test = await startServer();
    await receive(test, [{ ref: "hostile", raw }]);
    const browser = await anna(test);
    const row = await test.database.read.selectFrom("notices").select("id").where("ref", "=", "hostile").executeTakeFirstOrThrow();
    for (const path of ["/notices", `/notices/${row.id}`, `/notices/${row.id}/text`]) {
      const page = await browser.get(path);
      expect(page.status, path).toBe(200);
      expect(page.body, path).not.toMatch(/<script>|<img|<iframe|<style|<[^>]*\son\w+=|<(?:a|link)[^>]*href="https?:|\u202e/);
      expect(page.headers["content-security-policy"]).toMatch(/default-src 'none'; script-src 'self'/);
      if (path.endsWith("/text")) expect(page.body).toContain(shown);
      expect(page.body.length).toBeLessThan(400_000);
    }
    for (const name of ["notice", "redacted"]) {
      const file = await browser.get(`/notices/${row.id}/${name}.eml`);
      expect([file.status, file.headers["x-content-type-options"], file.headers["content-type"]]).toEqual([
        200,
        "nosniff",
        "message/rfc822",
      ]);
    }
  });
});
