import { said } from "../../messages/said.ts";
import { type ConnectLink, findConnectLink, settleConnectLink, useConnectLink } from "../../store/connect-links.ts";
import { getInbox, type Inbox } from "../../store/inboxes.ts";
import { type Authorized, finishAuthorization } from "../../sync/authorize-inbox.ts";
import type { ConnectDeps } from "../../sync/connect-inbox.ts";
import { readCookie } from "../page/cookies.ts";
import { type Html, html } from "../page/html.ts";
import { message, type Pages, type Redirect, type Shown, speaking, type View } from "../page/view.ts";
import { allowFormsTo, browserSecret, goToProvider, type SignInProvider } from "./go-to-provider.ts";
import { type MailboxProvider, mailboxProviders } from "./mailbox-form.ts";

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
    const opened = await openedLink(deps, view);
    return "link" in opened ? consentPage(opened, deps) : opened;
  });

  pages.open("POST", "/connect/:secret/decline", async (view) => {
    const opened = await openedLink(deps, view);
    return "link" in opened ? leave(deps, opened, { outcome: "denied", inboxId: null }, opened.view.t("connect.denied")) : opened;
  });

  pages.open("POST", "/connect/:secret/:provider", async (view) => {
    const { provider } = view.request.params as { provider: string };
    const opened = await openedLink(deps, view);
    if (!("link" in opened)) return opened;
    const { link, secret, providers } = opened;
    const chosen = providers.some(({ name, ready }) => name === provider && ready);
    const usable = chosen && (await database.transaction((tx) => useConnectLink(tx, link.accountId, link.id, now())));
    if (!usable) return { redirect: `/connect/${encodeURIComponent(secret)}` };
    const { expectedAddress, returnUrl } = link.wish;
    return goToProvider(view, deps, link.accountId, { provider, expectedAddress, returnUrl, linkId: link.id, ...wishOf(deps, link) });
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

/** A link that can be used, in the language it was made in, with the ways it offers. */
export type OpenedLink = {
  view: View;
  link: ConnectLink;
  secret: string;
  providers: readonly SignInProvider[];
  /** The inbox it reconnects. */
  reconnects: Inbox | null;
  /** The connectors by which a mailbox that is opened with a password may be connected. */
  byPassword: readonly MailboxProvider[];
};

/** The link whose secret is in the address, or the page that says it is gone. */
export const openedLink = async (deps: ConnectPagesDeps, view: View): Promise<OpenedLink | Shown> => {
  const { database, now } = deps.connecting;
  const { secret } = view.request.params as { secret: string };
  const link = await findConnectLink(database.read, secret, now());
  // The CRM knows what its user reads; the user knows better.
  const chosen = view.field("language") !== "" || readCookie(view.request, "bounceline_language") !== null;
  const spoken = link?.wish.language && !chosen ? speaking(view, link.wish.language === "pl" ? "pl" : "en") : view;
  if (!link || !isUsable(link)) return { ...message(410, spoken.t("page.connect.gone")), language: spoken.language };
  const { wish, accountId } = link;
  const reconnects = wish.inboxId === null ? null : await getInbox(database.read, accountId, wish.inboxId);
  const offered = (name: string): boolean =>
    (wish.providers.length === 0 || wish.providers.includes(name)) && (reconnects === null || reconnects.provider === name);
  const providers = (await deps.providers()).filter(({ name }) => offered(name));
  allowFormsTo(view, providers, wish.returnUrl);
  return { view: spoken, link, secret, providers, reconnects, byPassword: mailboxProviders.filter(offered) };
};

/** What a link says of the inbox to be. */
export const wishOf = ({ connecting }: ConnectPagesDeps, { wish }: ConnectLink) => ({
  reconnect: wish.inboxId,
  owner: { externalId: wish.owner.externalId ?? undefined, name: wish.owner.name ?? undefined },
  since: connecting.now() - wish.sinceDays * 86_400_000,
});

/** Writes how a link ended, and sends the browser back to the CRM; where the CRM named no page, says it here. */
export const leave = async (
  { connecting }: ConnectPagesDeps,
  { view, link }: OpenedLink,
  end: { outcome: string; inboxId: string | null },
  sentence: string,
): Promise<Shown | Redirect> => {
  await connecting.database.transaction((tx) => settleConnectLink(tx, link.accountId, link.id, end, connecting.now()));
  if (link.wish.returnUrl !== null) return { redirect: returnTo(link.wish.returnUrl, link.id, end.outcome) };
  const title = view.t("page.connect.title");
  return { title, language: view.language, content: html`<h1>${title}</h1><p role="status">${sentence}</p>` };
};

/** The CRM's page with what it is told. It asks for the link's state, because anybody can write a query. */
const returnTo = (returnUrl: string, linkId: string, result: string): string => {
  const url = new URL(returnUrl);
  url.searchParams.set("connectLink", linkId);
  url.searchParams.set("result", result);
  return url.href;
};

const consentPage = ({ view, secret, link, providers, byPassword }: OpenedLink, deps: ConnectPagesDeps): Shown => {
  const { expectedAddress } = link.wish;
  const buttons = providers.map(({ name, label, ready }) =>
    ready
      ? html`<form method="post" action="/connect/${secret}/${name}"><button>${view.t("page.connect.button", { provider: label })}</button></form>`
      : html`<p class="quiet">${view.t("page.connect.notSetUp", { provider: label })}</p>`,
  );
  const title = view.t("page.connect.title");
  return {
    title,
    language: view.language,
    content: html`<h1>${title}</h1>
${consent(view, deps)}
${expectedAddress && html`<p class="who">${view.t("page.connect.expected", { address: expectedAddress })}</p>`}
${buttons}
${byPassword.length > 0 && addressForm(view, secret, expectedAddress)}
<form method="post" action="/connect/${secret}/decline" class="decline"><button class="plain">${view.t("connect.decline")}</button>
<p class="quiet">${view.t("connect.declineHint")}</p></form>`,
  };
};

/** Where the address is given already, only the button. */
const addressForm = (view: View, secret: string, address: string | null): Html => html`<h2>${view.t("connect.byAddress")}</h2>
<p>${address === null ? view.t("connect.byAddressHint") : view.t("connect.byThisAddressHint", { address })}</p>
<form method="post" action="/connect/${secret}/find" class="narrow">
${address === null && html`<label>${view.t("connect.address")}<input name="address" type="email" required autocomplete="email"></label>`}
<button>${view.t("connect.find")}</button></form>`;

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
  if (ended && ended.linkId !== null && ended.returnUrl !== null)
    return { redirect: returnTo(ended.returnUrl, ended.linkId, ended.result) };
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
