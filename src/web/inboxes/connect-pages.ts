import { said } from "../../messages/said.ts";
import { type ConnectLink, findConnectLink, useConnectLink } from "../../store/connect-links.ts";
import { type Authorized, finishAuthorization } from "../../sync/authorize-inbox.ts";
import type { ConnectDeps } from "../../sync/connect-inbox.ts";
import { type Html, html } from "../page/html.ts";
import { message, type Pages, type Redirect, type Shown, speaking, type View } from "../page/view.ts";
import { allowFormsTo, browserSecret, goToProvider, type SignInProvider } from "./go-to-provider.ts";

export type ConnectPagesDeps = {
  connecting: ConnectDeps;
  providers: () => Promise<readonly SignInProvider[]>;
  operatorName: string;
  privacyUrl: string | null;
  /** How far back a first sync reads. */
  firstSyncDays: number;
  /** Mozilla's list of mail providers may be told the domain of an address. */
  askIspdb: boolean;
  /** Where this server is reached from outside, without a slash at the end. */
  publicUrl: () => string;
  /** An inbox may be due now. */
  nudge: () => void;
};

/** The way of a sales user: consent, the provider's sign-in page, and back. Opening a link uses nothing up: mail scanners do that. */
export const connectPages = (pages: Pages, deps: ConnectPagesDeps): void => {
  const { database, now } = deps.connecting;

  pages.open("GET", "/connect/:secret", async (view) => {
    const { secret } = view.request.params as { secret: string };
    const link = await findConnectLink(database.read, secret, now());
    const spoken = link?.wish.language ? speaking(view, link.wish.language === "pl" ? "pl" : "en") : view;
    if (!link || !isUsable(link)) return message(410, spoken.t("page.connect.gone"));
    const providers = (await deps.providers()).filter(({ name }) => link.wish.providers.length === 0 || link.wish.providers.includes(name));
    allowFormsTo(view, providers);
    return consentPage(spoken, secret, link, providers, deps);
  });

  pages.open("POST", "/connect/:secret/:provider", async (view) => {
    const { secret, provider } = view.request.params as { secret: string; provider: string };
    const link = await findConnectLink(database.read, secret, now());
    const usable = link && isUsable(link) && (await database.transaction((tx) => useConnectLink(tx, link.accountId, link.id, now())));
    if (!link || !usable) return { redirect: `/connect/${encodeURIComponent(secret)}` };
    const { owner, expectedAddress, inboxId, sinceDays } = link.wish;
    return goToProvider(view, deps, link.accountId, {
      provider,
      expectedAddress,
      reconnect: inboxId,
      owner: { externalId: owner.externalId ?? undefined, name: owner.name ?? undefined },
      since: now() - sinceDays * 86_400_000,
      linkId: link.id,
    });
  });

  pages.open("GET", "/oauth/callback", async (view) => {
    const ended = await finishAuthorization(deps.connecting, {
      state: view.field("state"),
      browser: browserSecret(view),
      code: view.field("code") || undefined,
      error: view.field("error") || undefined,
      errorDescription: view.field("error_description") || undefined,
    });
    if (ended?.result === "connected") deps.nudge();
    return outcomePage(view, ended);
  });
};

const isUsable = ({ state }: ConnectLink): boolean => state === "open" || state === "used" || state === "failed";

const consentPage = (
  view: View,
  secret: string,
  link: ConnectLink,
  providers: readonly SignInProvider[],
  deps: ConnectPagesDeps,
): Shown => {
  const { expectedAddress } = link.wish;
  const buttons = providers.map(({ name, label, ready }) =>
    ready
      ? html`<form method="post" action="/connect/${secret}/${name}"><button>${view.t("page.connect.button", { provider: label })}</button></form>`
      : html`<p class="quiet">${view.t("page.connect.notSetUp", { provider: label })}</p>`,
  );
  const title = view.t("page.connect.title");
  return {
    title,
    content: html`<h1>${title}</h1>
${consent(view, deps)}
${expectedAddress && html`<p class="who">${view.t("page.connect.expected", { address: expectedAddress })}</p>`}
${buttons}`,
  };
};

/** What people are told before they connect a mailbox. */
export const consent = (view: View, { operatorName, privacyUrl }: Pick<ConnectPagesDeps, "operatorName" | "privacyUrl">): Html =>
  html`<p>${view.t("page.connect.who", { operator: operatorName })}</p>
<ul>
${(["looks", "kept", "never", "why", "erase"] as const).map((point) => html`<li>${view.t(`page.connect.${point}`)}</li>`)}
</ul>
${privacyUrl && html`<p><a href="${privacyUrl}" rel="noreferrer">${privacyUrl}</a></p>`}`;

/**
 * How a sign-in ended. Who came from a link is told to close the page or to open the link again; who came from our own pages goes back to
 * them. In both cases there is a link on to the inbox where whoever is signed in may be of its account.
 */
const outcomePage = (view: View, ended: Authorized | null): Shown | Redirect => {
  const here = ended !== null && ended.linkId === null && view.session !== null;
  const isOurs = ended?.result === "connected" && view.session?.accountId === ended.inbox.accountId;
  if (here && isOurs) return { redirect: `/inboxes/${ended.inbox.id}?done=connected` };
  const title = view.t("page.connect.title");
  const status = ended?.result === "connected" ? 200 : 400;
  const on = isOurs
    ? html`<a href="/inboxes/${ended.inbox.id}">${view.t("connect.toInbox")}</a>`
    : here && html`<a href="/inboxes/connect">${title}</a>`;
  return { title, status, content: html`<h1>${title}</h1><p role="status">${outcome(view, ended)}</p>${on && html`<p>${on}</p>`}` };
};

const outcome = (view: View, ended: Authorized | null): string => {
  if (ended === null) return view.t("connect.unknown");
  if (ended.result === "connected") return view.t("connect.connected", { address: ended.inbox.address });
  const values = { because: said(view.language, ended.because).text };
  return ended.linkId === null ? view.t(`connect.ended.${ended.result}`, values) : view.t(`connect.${ended.result}`, values);
};
