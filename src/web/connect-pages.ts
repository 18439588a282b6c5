import type { FastifyInstance } from "fastify";
import { type Language, pickLanguage, text } from "../messages/text.ts";
import { type ConnectLink, findConnectLink, useConnectLink } from "../store/connect-links.ts";
import { type Authorized, beginAuthorization, finishAuthorization } from "../sync/authorize-inbox.ts";
import type { ConnectDeps } from "../sync/connect-inbox.ts";
import { readCookie, setCookie } from "./cookies.ts";
import { type Html, html } from "./html.ts";
import { layout } from "./layout.ts";
import { sendPage } from "./send-page.ts";

/** A provider people sign in to; `ready` is false where the operator has set up no app for it. `origin`: where its page lies. */
export type SignInProvider = { name: string; label: string; ready: boolean; origin: string | null };

export type ConnectPagesDeps = {
  connecting: ConnectDeps;
  providers: () => Promise<readonly SignInProvider[]>;
  operatorName: string;
  privacyUrl: string | null;
  /** Where this server is reached from outside, without a slash at the end. */
  publicUrl: () => string;
  /** An inbox may be due now. */
  nudge: () => void;
};

const browserCookie = "bounceline_authorization";

/** The way of a sales user: consent, the provider's sign-in page, and back. Opening a link uses nothing up: mail scanners do that. */
export const connectPages = (pages: FastifyInstance, deps: ConnectPagesDeps): void => {
  const { database, now } = deps.connecting;

  pages.get<{ Params: { secret: string } }>("/connect/:secret", async (request, reply) => {
    const link = await findConnectLink(database.read, request.params.secret, now());
    const language = pickLanguage(link?.wish.language ?? undefined, request.headers["accept-language"]);
    if (!link || !isUsable(link))
      return sendPage(
        reply.code(410),
        layout(language, "Bounceline", html`<h1>Bounceline</h1><p>${text(language, "page.connect.gone")}</p>`),
      );
    const providers = (await deps.providers()).filter(({ name }) => link.wish.providers.length === 0 || link.wish.providers.includes(name));
    // A form's answer redirects to the provider, which browsers hold against form-action too.
    reply.header(
      "content-security-policy",
      `${basePolicy}; form-action 'self' ${providers.flatMap(({ origin }) => origin ?? []).join(" ")}`,
    );
    return sendPage(reply, consentPage(language, request.params.secret, link, providers, deps));
  });

  pages.post<{ Params: { secret: string; provider: string } }>("/connect/:secret/:provider", async (request, reply) => {
    const link = await findConnectLink(database.read, request.params.secret, now());
    const usable = link && isUsable(link) && (await database.transaction((tx) => useConnectLink(tx, link.accountId, link.id, now())));
    if (!link || !usable) return reply.redirect(`/connect/${encodeURIComponent(request.params.secret)}`, 303);
    const { owner, expectedAddress, inboxId, sinceDays } = link.wish;
    const { url, browser } = await beginAuthorization(deps.connecting, link.accountId, {
      provider: request.params.provider,
      expectedAddress,
      reconnect: inboxId,
      owner: { externalId: owner.externalId ?? undefined, name: owner.name ?? undefined },
      since: now() - sinceDays * 86_400_000,
      linkId: link.id,
      redirectUri: `${deps.publicUrl()}/oauth/callback`,
    });
    setCookie(reply, browserCookie, browser, { path: "/oauth", seconds: 900, secure: deps.publicUrl().startsWith("https:") });
    return reply.redirect(url, 303);
  });

  pages.get<{ Querystring: Record<string, unknown> }>("/oauth/callback", async (request, reply) => {
    const asked = (name: string): string | undefined => {
      const value = request.query[name];
      return typeof value === "string" ? value : undefined;
    };
    const ended = await finishAuthorization(deps.connecting, {
      state: asked("state") ?? "",
      browser: readCookie(request, browserCookie) ?? "",
      code: asked("code"),
      error: asked("error"),
      errorDescription: asked("error_description"),
    });
    if (ended?.result === "connected") deps.nudge();
    const language = pickLanguage(request.headers["accept-language"]);
    return sendPage(reply.code(ended?.result === "connected" ? 200 : 400), outcomePage(language, ended));
  });
};

export const basePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

const isUsable = ({ state }: ConnectLink): boolean => state === "open" || state === "used" || state === "failed";

const consentPage = (
  language: Language,
  secret: string,
  link: ConnectLink,
  providers: readonly SignInProvider[],
  deps: ConnectPagesDeps,
): string => {
  const { expectedAddress } = link.wish;
  const buttons = providers.map(({ name, label, ready }) =>
    ready
      ? html`<form method="post" action="/connect/${secret}/${name}"><button>${text(language, "page.connect.button", { provider: label })}</button></form>`
      : html`<p class="quiet">${text(language, "page.connect.notSetUp", { provider: label })}</p>`,
  );
  const content: Html = html`<h1>${text(language, "page.connect.title")}</h1>
<p>${text(language, "page.connect.who", { operator: deps.operatorName })}</p>
<ul>
${(["looks", "kept", "never", "why", "erase"] as const).map((point) => html`<li>${text(language, `page.connect.${point}`)}</li>`)}
</ul>
${deps.privacyUrl && html`<p><a href="${deps.privacyUrl}" rel="noreferrer">${deps.privacyUrl}</a></p>`}
${expectedAddress && html`<p class="who">${text(language, "page.connect.expected", { address: expectedAddress })}</p>`}
${buttons}`;
  return layout(language, text(language, "page.connect.title"), content);
};

const outcomePage = (language: Language, ended: Authorized | null): string => {
  const sentence =
    ended === null
      ? text(language, "connect.unknown")
      : ended.result === "connected"
        ? text(language, "connect.connected", { address: ended.inbox.address })
        : text(language, `connect.${ended.result}`, { because: ended.because });
  const title = text(language, "page.connect.title");
  return layout(language, title, html`<h1>${title}</h1><p role="status">${sentence}</p>`);
};
