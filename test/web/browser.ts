/** A browser without a screen: keeps cookies, follows what a form is answered with, and sends a form's hidden fields along. */
import { createSignInLink } from "../../src/store/sign-in.ts";
import { createUser, updateUser } from "../../src/store/users.ts";
import { hashPassword } from "../../src/web/sign-in/passwords.ts";
import type { TestServer } from "../api/server.ts";
import { now } from "../sync/world.ts";

export type Seen = { status: number; url: string; body: string; headers: Record<string, unknown> };

export type Browser = {
  cookies: Map<string, string>;
  get(url: string, headers?: Record<string, string>): Promise<Seen>;
  /** Sends the form with this action of the page last seen, as filled in here. */
  submit(action: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Seen>;
  /** The same for a form with a file, which is sent as browsers send it. */
  upload(action: string, file: { field: string; name: string; bytes: Uint8Array }): Promise<Seen>;
};

/** The hidden fields of the form with this action. */
const hiddenFields = (page: string, action: string): Record<string, string> => {
  const form = page.split("<form").find((part) => part.includes(`action="${action}"`)) ?? "";
  const unescaped = (text: string): string => text.replace(/&(lt|gt|amp|quot|#39);/g, (_, name) => entities[name as string] ?? "");
  return Object.fromEntries(
    [...form.matchAll(/<input type="hidden" name="(\w+)"[^>]* value="([^"]*)"/g)].map((found) => [found[1], unescaped(found[2] ?? "")]),
  );
};

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" };

export const openBrowser = ({ server }: Pick<TestServer, "server">): Browser => {
  const cookies = new Map<string, string>();
  let page = "";
  const ask = async (method: "GET" | "POST", url: string, payload?: string | Buffer, more: Record<string, string> = {}): Promise<Seen> => {
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
    get: (url, headers) => ask("GET", url, undefined, headers),
    submit: (action, fields = {}, headers = {}) =>
      ask("POST", action, new URLSearchParams({ ...hiddenFields(page, action), ...fields }).toString(), headers),
    upload(action, { field, name, bytes }) {
      const boundary = "----geckoformboundary7d9b";
      const part = (head: string, body: Uint8Array) =>
        Buffer.concat([Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), body, Buffer.from("\r\n")]);
      const parts = Object.entries(hiddenFields(page, action)).map(([key, value]) =>
        part(`Content-Disposition: form-data; name="${key}"`, Buffer.from(value)),
      );
      parts.push(part(`Content-Disposition: form-data; name="${field}"; filename="${name}"\r\nContent-Type: message/rfc822`, bytes));
      const type = { "content-type": `multipart/form-data; boundary=${boundary}` };
      return ask("POST", action, Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]), type);
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
