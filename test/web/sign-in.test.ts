import { describe, expect, it } from "vitest";
import { listAudit } from "../../src/store/audit-log.ts";
import { createUser } from "../../src/store/users.ts";
import { hashPassword, isPassword, passwordFault } from "../../src/web/sign-in/passwords.ts";
import { createSignInGuard } from "../../src/web/sign-in/sign-in-guard.ts";
import { startServer } from "../api/server.ts";
import { now } from "../sync/world.ts";
import { cameByLink, openBrowser, password, signedInAs } from "./browser.ts";

describe("signing in by password", () => {
  it("opens the pages, to where one wanted to go, and is written down", async () => {
    const test = await startServer();
    const browser = await signedInAs(test, "owner");
    expect((await browser.get("/users")).body).toContain("owner@sales.example");
    await browser.submit("/signout");
    const refused = await browser.get("/users");
    expect(refused.url).toBe("/signin?next=%2Fusers");
    expect((await browser.submit("/signin", { email: "OWNER@sales.example", password })).url).toBe("/users");
    const audit = await listAudit(test.database.read, test.ours.accountId, { limit: 200 });
    expect(audit.data.filter(({ action }) => action === "sign in")).toHaveLength(2);
  });

  it("says the same of a wrong password and of an unknown address, keeps the address typed, and shows nothing", async () => {
    const test = await startServer();
    await signedInAs(test, "owner");
    for (const email of ["owner@sales.example", "nobody@sales.example"]) {
      const browser = openBrowser(test);
      await browser.get("/signin");
      const answer = await browser.submit("/signin", { email, password: "wrong" });
      expect(answer.status).toBe(401);
      expect(answer.body).toContain("Address and password do not belong together.");
      expect(answer.body).toContain(`value="${email}"`);
      expect(answer.body).not.toContain("wrong");
      expect(browser.cookies.has("bounceline_session")).toBe(false);
    }
  });

  it("goes nowhere else: a next page of another site is not followed", async () => {
    const test = await startServer();
    await signedInAs(test, "sales");
    for (const next of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
      const browser = openBrowser(test);
      await browser.get(`/signin?next=${encodeURIComponent(next)}`);
      expect((await browser.submit("/signin", { email: "sales@sales.example", password, next })).url).toBe("/inboxes");
    }
  });

  it("is slowed down after ten wrong tries, by address from everywhere and by place for everybody", async () => {
    const test = await startServer();
    await signedInAs(test, "owner");
    const browser = openBrowser(test);
    await browser.get("/signin");
    for (let n = 0; n < 10; n++)
      expect((await browser.submit("/signin", { email: "owner@sales.example", password: `guess ${n}` })).status).toBe(401);
    const slowed = await browser.submit("/signin", { email: "owner@sales.example", password });
    expect([slowed.status, slowed.body]).toEqual([429, expect.stringContaining("Wait 15 minutes")]);
    expect((await browser.submit("/signin", { email: "other@sales.example", password })).status).toBe(429);
  });

  it("gives each sign-in a session of its own: one that was there before opens nothing", async () => {
    const test = await startServer();
    const browser = openBrowser(test);
    browser.cookies.set("bounceline_session", "chosen-by-somebody-else");
    const other = await signedInAs(test, "owner");
    await browser.get("/signin");
    await browser.submit("/signin", { email: "owner@sales.example", password });
    expect(browser.cookies.get("bounceline_session")).not.toBe("chosen-by-somebody-else");
    expect(browser.cookies.get("bounceline_session")).not.toBe(other.cookies.get("bounceline_session"));
    const thief = openBrowser(test);
    thief.cookies.set("bounceline_session", "chosen-by-somebody-else");
    expect((await thief.get("/users")).url).toContain("/signin");
  });
});

describe("a form", () => {
  it("from elsewhere, or without its token, changes nothing", async () => {
    const test = await startServer();
    const browser = await signedInAs(test, "owner");
    await browser.get("/users");
    const person = { email: "eva@sales.example", name: "Eva", role: "sales" };
    expect((await browser.submit("/users", person, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    await browser.get("/users");
    expect((await browser.submit("/users", { ...person, csrf: "guess" })).status).toBe(403);
    await browser.get("/users");
    expect((await browser.submit("/users", person, { "sec-fetch-site": "same-site" })).status).toBe(403);
    expect((await browser.get("/users")).body).not.toContain("eva@sales.example");
    const other = await openBrowser(test).submit("/signin", { email: "x", password: "y" }, { "sec-fetch-site": "cross-site" });
    expect(other.status).toBe(403);
  });
});

describe("roles", () => {
  it.each([
    ["sales", ["/timeline"], ["/users"]],
    ["support", ["/timeline"], ["/users"]],
    ["owner", ["/timeline", "/users"], []],
  ] as const)("%s sees its pages and links to no other", async (role, seen, refused) => {
    const browser = await signedInAs(await startServer(), role);
    for (const url of seen) expect((await browser.get(url)).status, url).toBe(200);
    for (const url of refused) expect((await browser.get(url)).status, url).toBe(403);
    const { body } = await browser.get("/timeline");
    for (const url of refused) expect(body).not.toContain(`href="${url}"`);
  });

  it("sales sees the bounces of its own inboxes, and no other's", async () => {
    const test = await startServer();
    const own = await signedInAs(test, "sales", "anna@sales.example");
    expect((await own.get("/timeline")).body.match(/<li class="bounce /g)).toHaveLength(2);
    const other = await signedInAs(test, "sales", "ola@sales.example");
    expect((await other.get("/timeline")).body).not.toContain('<li class="bounce ');
  });
});

describe("who may sign in", () => {
  it("the first owner is made by who came by the operator's link, once", async () => {
    const test = await startServer();
    const browser = await cameByLink(test);
    expect((await browser.get("/setup")).status).toBe(200);
    const owner = { name: "Olga", email: "olga@sales.example" };
    expect((await browser.submit("/setup", { ...owner, password: "short" })).body).toContain("at least 12 characters");
    await browser.submit("/setup", { ...owner, password });
    expect((await browser.get("/me")).body).toContain("Olga · olga@sales.example · Owner");
    const second = await cameByLink(test);
    expect((await second.get("/setup")).url).not.toBe("/setup");
  });

  it("a person added gets a link that works once, and chooses a password; a new password shuts older sessions out", async () => {
    const test = await startServer();
    const owner = await signedInAs(test, "owner");
    await owner.get("/users");
    const added = await owner.submit("/users", { name: "Eva <b>", email: "eva@sales.example", role: "support" });
    expect(added.body).toContain("Eva &lt;b&gt;");
    const link = /class="link">http:\/\/bounceline\.example(\/\?signin=[\w-]+)</.exec(added.body)?.[1] ?? "";
    const eva = openBrowser(test);
    expect((await eva.get(link)).url).toBe("/password");
    await eva.submit("/password", { password });
    expect((await openBrowser(test).get(link)).status).toBe(401);
    const elsewhere = openBrowser(test);
    await elsewhere.get("/signin");
    await elsewhere.submit("/signin", { email: "eva@sales.example", password });
    expect((await elsewhere.get("/timeline")).status).toBe(200);
    await eva.get("/password");
    expect((await eva.submit("/password", { current: "wrong", password: `${password}!` })).status).toBe(422);
    await eva.get("/password");
    await eva.submit("/password", { current: password, password: `${password}!` });
    expect((await elsewhere.get("/timeline")).url).toContain("/signin");
    expect((await eva.get("/timeline")).status).toBe(200);
  });

  it("somebody removed is out at once; the last owner stays; another account's people are not there", async () => {
    const test = await startServer();
    const theirs = await test.database.transaction((tx) =>
      createUser(tx, test.theirs.accountId, { email: "bob@sales.example", name: "Bob", role: "owner" }, now),
    );
    const owner = await signedInAs(test, "owner");
    const support = await signedInAs(test, "support");
    const { body } = await owner.get("/users");
    expect(body).not.toContain("Bob");
    expect((await owner.submit("/users", { name: "Bob", email: "bob@sales.example", role: "sales" })).status).toBe(422);
    const rows = body.split("<tr>").slice(1);
    const idOf = (name: string): string => /users\/(usr_\w+)\/remove/.exec(rows.find((row) => row.includes(name)) ?? "")?.[1] ?? "";
    for (const [path, field] of [
      [`/users/${idOf("The owner")}/remove`, {}],
      [`/users/${idOf("The owner")}/role`, { role: "sales" }],
    ] as const) {
      await owner.get("/users");
      expect((await owner.submit(path, field)).body).toContain("There must be an owner left.");
    }
    await owner.get("/users");
    await owner.submit(`/users/${idOf("The support")}/remove`);
    expect((await support.get("/timeline")).url).toContain("/signin");
    await owner.get("/users");
    const csrf = { csrf: /name="csrf" value="([^"]+)"/.exec((await owner.get("/users")).body)?.[1] ?? "" };
    expect((await owner.submit(`/users/${theirs?.id}/remove`, csrf)).status).toBe(404);
  });
});

describe("a password", () => {
  it("is stored as a salted hash that opens with it alone", async () => {
    const stored = await hashPassword("Zażółć gęślą jaźń");
    expect(stored).toMatch(/^scrypt\.65536\.8\.2\./);
    expect(await hashPassword("Zażółć gęślą jaźń")).not.toBe(stored);
    // The same letters, composed otherwise (NFD), as some keyboards send them.
    expect(await isPassword("Zażółć gęślą jaźń".normalize("NFD"), stored)).toBe(true);
    expect(await isPassword("Zażółć gęślą jaźń ", stored)).toBe(false);
    expect(await isPassword("", null)).toBe(false);
  });

  it.each([
    ["short one", "short"],
    ["x".repeat(201), "long"],
    ["aaaaaaaaaaaaaaaa", "common"],
    ["password1234", "common"],
    ["Bounceline2026", "common"],
    [password, null],
    ["wierzba nad rzeką", null],
  ])("%s: %s", (text, fault) => expect(passwordFault(text)).toBe(fault));
});

it("the guard forgets after a quarter of an hour, and keeps no more than it must", () => {
  const guard = createSignInGuard();
  for (let n = 0; n < 10; n++) guard.failed(["ip a"], now + n * 60_000);
  expect(guard.wait(["ip a", "address b"], now + 10 * 60_000)).toBe(5);
  expect(guard.wait(["ip a"], now + 15 * 60_000)).toBeNull();
});
