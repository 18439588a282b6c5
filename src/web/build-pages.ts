import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { FastifyError, FastifyInstance } from "fastify";
import type { OpenApi } from "../api/open-api.ts";
import { type Language, pickLanguage, text } from "../messages/text.ts";
import { StoreError } from "../store/errors.ts";
import { readSession } from "../store/sign-in.ts";
import { contactChanges } from "./contacts/contact-changes.ts";
import { contactPages } from "./contacts/contact-pages.ts";
import { eraseContactPages } from "./contacts/erase-contact-pages.ts";
import { sendPages } from "./contacts/send-pages.ts";
import { timelinePages } from "./contacts/timeline-page.ts";
import { docsPage } from "./docs/docs-page.ts";
import { connectInboxPages } from "./inboxes/connect-inbox-pages.ts";
import { type ConnectPagesDeps, connectPages } from "./inboxes/connect-pages.ts";
import { eraseInboxPages } from "./inboxes/erase-inbox-pages.ts";
import { inboxActions } from "./inboxes/inbox-actions.ts";
import { inboxListPage } from "./inboxes/inbox-list-page.ts";
import { inboxPage } from "./inboxes/inbox-page.ts";
import { inboxSettingsPage } from "./inboxes/inbox-settings-page.ts";
import { linkMailboxPages } from "./inboxes/link-mailbox-pages.ts";
import { noticePages } from "./notices/notice-page.ts";
import { noticeQueuePages } from "./notices/notice-queue.ts";
import { noticeTextPages } from "./notices/notice-text.ts";
import { readCookie } from "./page/cookies.ts";
import { html } from "./page/html.ts";
import { basePolicy } from "./page/policy.ts";
import { readForm } from "./page/read-form.ts";
import { sendPage } from "./page/send-page.ts";
import { createPages, sessionCookie } from "./page/view.ts";
import { signInPages } from "./sign-in/sign-in-pages.ts";
import { userPages } from "./sign-in/user-pages.ts";
import { coveragePages } from "./support/coverage-pages.ts";
import { supportPages } from "./support/support-page.ts";
import { largestMessage, type WhyPagesDeps, whyPages } from "./support/why-pages.ts";

export type PagesDeps = ConnectPagesDeps & WhyPagesDeps & { openApi: () => OpenApi };

/** Adds the pages people look at. What they say can be read without JavaScript. */
export const buildPages = async (server: FastifyInstance, deps: PagesDeps): Promise<void> => {
  await server.register(async (scope) => {
    scope.addHook("onSend", async (_request, reply) => {
      if (!reply.hasHeader("content-security-policy")) reply.header("content-security-policy", `${basePolicy}; form-action 'self'`);
      reply
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "same-origin")
        .header("cross-origin-opener-policy", "same-origin");
      if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    });
    scope.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    scope.addHook("onRequest", async (request, reply) => {
      // A file is taken in only from somebody who is signed in.
      if (!request.headers["content-type"]?.toLowerCase().startsWith("multipart/")) return;
      const secret = readCookie(request, sessionCookie);
      if (secret === null || !(await readSession(deps.database.read, secret, deps.now()))) return reply.redirect("/signin", 303);
    });
    scope.addContentTypeParser("multipart/form-data", { parseAs: "buffer", bodyLimit: largestMessage }, (request, body, done) => {
      try {
        done(null, readForm(request.headers["content-type"] ?? "", body as Buffer));
      } catch {
        done(null, {});
      }
    });
    scope.setErrorHandler((error: FastifyError, request, reply) => {
      if (error.statusCode === 413) {
        const language = pickLanguage(readCookie(request, "bounceline_language") ?? undefined, request.headers["accept-language"]);
        const sentence = text(language, "why.tooLarge", { limit: largestMessage / 1_000_000 });
        return sendPage(reply.code(413), bareFault(language, sentence));
      }
      // An address of a list that was cut short begins at the beginning.
      if ((error as Error) instanceof StoreError && error.code === "bad_cursor") return reply.redirect(withoutCursor(request.url), 303);
      request.log.error({ err: error }, "a page failed");
      const language = pickLanguage(request.headers["accept-language"]);
      return sendPage(reply.code(500), bareFault(language, text(language, "page.fault", { id: request.id })));
    });

    for (const [name, { type, body }] of Object.entries(assets()))
      scope.get(`/assets/${name}`, (_request, reply) => reply.type(type).header("cache-control", "no-cache").send(body));

    const pages = createPages(scope, deps);
    signInPages(pages, deps);
    userPages(pages, deps);
    timelinePages(pages, deps);
    contactPages(pages, deps);
    contactChanges(pages, deps);
    eraseContactPages(pages, deps);
    sendPages(pages, deps);
    connectPages(pages, deps);
    linkMailboxPages(pages, deps);
    whyPages(pages, deps);
    coveragePages(pages, deps);
    supportPages(pages, deps);
    noticeQueuePages(pages, deps);
    noticePages(pages, deps);
    noticeTextPages(pages, deps);
    inboxListPage(pages, deps);
    connectInboxPages(pages, deps);
    inboxPage(pages, deps);
    inboxActions(pages, deps);
    eraseInboxPages(pages, deps);
    inboxSettingsPage(pages, deps);
    pages.open("GET", "/docs", async () => docsPage(deps.openApi(), deps.publicUrl()));
  });
};

const withoutCursor = (url: string): string => {
  const [path = "/", query] = url.split("?");
  const asked = new URLSearchParams(query);
  asked.delete("cursor");
  return asked.size === 0 ? path : `${path}?${asked}`;
};

/** A page for when no other can be made. */
const bareFault = (language: Language, sentence: string): string =>
  `<!doctype html>${
    html`<html lang="${language}"><head><title>Bounceline</title><link rel="stylesheet" href="/assets/style.css"></head>
<body><main class="page"><h1>Bounceline</h1><p>${sentence}</p></main></body></html>`.markup
  }`;

/** Read once: they change with the release. */
const assets = (): { [name: string]: { type: string; body: string } } => {
  const here = import.meta.dirname;
  const styles = readdirSync(join(here, "styles")).sort((a, b) => Number(b === "base.css") - Number(a === "base.css") || (a < b ? -1 : 1));
  const javascript = "text/javascript; charset=utf-8";
  return {
    "style.css": {
      type: "text/css; charset=utf-8",
      body: styles.map((name) => readFileSync(join(here, "styles", name), "utf8")).join("\n"),
    },
    "app.js": { type: javascript, body: readFileSync(join(here, "app.js"), "utf8") },
    "htmx.js": { type: javascript, body: readFileSync(createRequire(import.meta.url).resolve("htmx.org/dist/htmx.min.js"), "utf8") },
  };
};
