import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Language, pickLanguage, text } from "../messages/text.ts";
import type { Database } from "../ports/database.ts";
import { sessionAccount, useSignInLink } from "../store/sign-in.ts";
import { html } from "./html.ts";
import { layout } from "./layout.ts";
import { timelinePage } from "./timeline-page.ts";

export type PagesDeps = { database: Database; now: () => number };

// No script at all, nothing from elsewhere, nobody may frame a page.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** Adds the pages people look at. They can be read without JavaScript: there is none. */
export const buildPages = async (server: FastifyInstance, deps: PagesDeps): Promise<void> => {
  const style = readFileSync(join(import.meta.dirname, "style.css"), "utf8");
  await server.register(async (pages) => {
    pages.addHook("onSend", async (_request, reply) => {
      reply
        .header("content-security-policy", policy)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .header("cache-control", "no-store");
    });

    pages.get("/assets/style.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(style));

    pages.get<{ Querystring: { signin?: string; language?: string } }>("/", async (request, reply) => {
      const { signin } = request.query;
      if (typeof signin !== "string") return reply.redirect("/timeline");
      const opened = await deps.database.transaction((tx) => useSignInLink(tx, signin, deps.now()));
      if (!opened) return sendSignIn(request, reply);
      return reply.header("set-cookie", cookie("bounceline_session", opened.session, request)).redirect("/timeline", 303);
    });

    pages.get<{ Querystring: { language?: string; cursor?: string } }>("/timeline", async (request, reply) => {
      const session = readCookie(request, "bounceline_session");
      const accountId = session === null ? null : await sessionAccount(deps.database.read, session, deps.now());
      if (accountId === null) return sendSignIn(request, reply);
      const { language: asked, cursor } = request.query;
      const language = languageOf(request);
      if (asked !== undefined) reply.header("set-cookie", cookie("bounceline_language", language, request));
      return sendPage(reply, await timelinePage(deps.database.read, accountId, { language, cursor, now: deps.now() }));
    });
  });
};

const sendPage = (reply: FastifyReply, page: string): FastifyReply => reply.type("text/html; charset=utf-8").send(page);

const sendSignIn = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const language = languageOf(request);
  const content = html`<h1>Bounceline</h1><p>${text(language, "page.signIn")}</p>`;
  return sendPage(reply.code(401), layout(language, "Bounceline", content));
};

const languageOf = (request: FastifyRequest): Language => {
  const { language } = request.query as { language?: unknown };
  const asked = typeof language === "string" ? language : undefined;
  return pickLanguage(asked, readCookie(request, "bounceline_language") ?? undefined, request.headers["accept-language"]);
};

const readCookie = (request: FastifyRequest, name: string): string | null => {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined && /^[\w-]{1,200}$/.test(value)) return value;
  }
  return null;
};

const cookie = (name: string, value: string, request: FastifyRequest): string =>
  `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200${request.protocol === "https" ? "; Secure" : ""}`;
