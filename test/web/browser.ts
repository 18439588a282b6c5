/** A browser without a screen: keeps cookies, follows what a form is answered with, and sends a form's hidden fields along. */
import { createSignInLink } from "../../src/store/sign-in.ts";
import { createUser, updateUser } from "../../src/store/users.ts";
import { hashPassword } from "../../src/web/passwords.ts";
import type { TestServer } from "../api/server.ts";
import { now } from "../sync/world.ts";

export type Seen = { status: number; url: string; body: string; headers: Record<string, unknown> };

export type Browser = {
  cookies: Map<string, string>;
  get(url: string): Promise<Seen>;
  /** Sends the form with this action of the page last seen, as filled in here. */
  submit(action: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Seen>;
};

export const openBrowser = ({ server }: Pick<TestServer, "server">): Browser => {
  const cookies = new Map<string, string>();
  let page = "";
  const ask = async (method: "GET" | "POST", url: string, payload?: string, more: Record<string, string> = {}): Promise<Seen> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const form = payload === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const answer = await server.inject({
      method,
      url,
      headers: { cookie, "sec-fetch-site": "same-origin", ...form, ...more },
      ...(payload !== undefined && { payload }),
    });
    for (const set of [answer.headers["set-cookie"] ?? []].flat()) {
      const [pair = ""] = String(set).split(";");
      const [name = "", value = ""] = pair.split("=");
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const { location } = answer.headers;
    if (answer.statusCode === 303 && typeof location === "string" && location.startsWith("/")) return ask("GET", location);
    page = answer.body;
    return { status: answer.statusCode, url, body: answer.body, headers: answer.headers };
  };
  return {
    cookies,
    get: (url) => ask("GET", url),
    submit(action, fields = {}, headers = {}) {
      const form = page.split("<form").find((part) => part.includes(`action="${action}"`)) ?? "";
      const hidden = [...form.matchAll(/<input type="hidden" name="(\w+)"[^>]* value="([^"]*)"/g)].map((found) => [found[1], found[2]]);
      return ask("POST", action, new URLSearchParams({ ...Object.fromEntries(hidden), ...fields }).toString(), headers);
    },
  };
};

export const password = "correct horse battery staple";

let hashed: Promise<string> | undefined;

/** A browser in which a new user of our account has signed in by password. */
export const signedInAs = async (
  test: TestServer,
  role: "owner" | "support" | "sales",
  email = `${role}@sales.example`,
): Promise<Browser> => {
  hashed ??= hashPassword(password);
  const stored = await hashed;
  await test.database.transaction(async (tx) => {
    const user = await createUser(tx, test.ours.accountId, { email, name: `The ${role}`, role }, now);
    if (user) await updateUser(tx, test.ours.accountId, user.id, { password: stored }, now);
  });
  const browser = openBrowser(test);
  await browser.get("/signin");
  await browser.submit("/signin", { email, password });
  return browser;
};

/** A browser that came by the operator's link. */
export const cameByLink = async (test: TestServer): Promise<Browser> => {
  const browser = openBrowser(test);
  await browser.get(`/?signin=${await test.database.transaction((tx) => createSignInLink(tx, test.ours.accountId, now))}`);
  return browser;
};
