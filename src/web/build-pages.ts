import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { OpenApi } from "../api/open-api.ts";
import { type Language, pickLanguage, text } from "../messages/text.ts";
import type { Database } from "../ports/database.ts";
import { sessionAccount, useSignInLink } from "../store/sign-in.ts";
import { basePolicy, type ConnectPagesDeps, connectPages } from "./connect-pages.ts";
import { readCookie, setCookie } from "./cookies.ts";
import { docsPage } from "./docs-page.ts";
import { html } from "./html.ts";
import { layout } from "./layout.ts";
import { sendPage } from "./send-page.ts";
import { timelinePage } from "./timeline-page.ts";

export type PagesDeps = ConnectPagesDeps & { database: Database; now: () => number; openApi: () => OpenApi };

/** Adds the pages people look at. They can be read without JavaScript: there is none. */
export const buildPages = async (server: FastifyInstance, deps: PagesDeps): Promise<void> => {
  const style = readFileSync(join(import.meta.dirname, "style.css"), "utf8");
  await server.register(async (pages) => {
    pages.addHook("onSend", async (_request, reply) => {
      // No script at all, nothing from elsewhere, nobody may frame a page.
      if (!reply.hasHeader("content-security-policy")) reply.header("content-security-policy", `${basePolicy}; form-action 'self'`);
      reply.header("x-content-type-options", "nosniff").header("referrer-policy", "no-referrer").header("cache-control", "no-store");
    });

    pages.get("/assets/style.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(style));

    pages.get("/docs", (_request, reply) => sendPage(reply, docsPage(deps.openApi(), deps.publicUrl())));

    pages.setErrorHandler((error, request, reply) => {
      request.log.error({ err: error }, "a page failed");
      return sendPage(
        reply.code(500),
        layout("en", "Bounceline", html`<h1>Bounceline</h1><p>${text(languageOf(request), "page.fault", { id: request.id })}</p>`),
      );
    });

    connectPages(pages, deps);

    pages.get<{ Querystring: { signin?: string; language?: string } }>("/", async (request, reply) => {
      const { signin } = request.query;
      if (typeof signin !== "string") return reply.redirect("/timeline");
      const opened = await deps.database.transaction((tx) => useSignInLink(tx, signin, deps.now()));
      if (!opened) return sendSignIn(request, reply);
      setCookie(reply, "bounceline_session", opened.session, { seconds: 43_200, secure: isSecure(deps) });
      return reply.redirect("/timeline", 303);
    });

    pages.get<{ Querystring: { language?: string; cursor?: string } }>("/timeline", async (request, reply) => {
      const session = readCookie(request, "bounceline_session");
      const accountId = session === null ? null : await sessionAccount(deps.database.read, session, deps.now());
      if (accountId === null) return sendSignIn(request, reply);
      const { language: asked, cursor } = request.query;
      const language = languageOf(request);
      if (asked !== undefined) setCookie(reply, "bounceline_language", language, { seconds: 31_536_000, secure: isSecure(deps) });
      return sendPage(reply, await timelinePage(deps.database.read, accountId, { language, cursor, now: deps.now() }));
    });
  });
};

const isSecure = (deps: PagesDeps): boolean => deps.publicUrl().startsWith("https:");

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
