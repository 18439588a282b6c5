import { isTextKey } from "../../messages/text.ts";
import type { Found } from "../../ports/connector.ts";
import { connectedAlready, connectInbox, findMailbox } from "../../sync/connect-inbox.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, notFoundPage, type Pages, type Shown, type SignedInView, type View, type ViewDeps } from "../page/view.ts";
import { isEmail } from "../sign-in/sign-in-pages.ts";
import { type ConnectPagesDeps, consent } from "./connect-pages.ts";
import { allowFormsTo, goToProvider, providerButton, type SignInProvider } from "./go-to-provider.ts";
import {
  type Fault,
  faultLine,
  faultOf,
  fieldsOf,
  type MailboxFields,
  type MailboxProvider,
  mailboxForm,
  mailboxProviders,
  otherMailboxForm,
  sentFields,
  sentProvider,
  settingsOf,
  thereAlready,
} from "./mailbox-form.ts";
import { seenInbox } from "./visible-inboxes.ts";

/**
 * Connecting an inbox of one's own: consent first, then signing in at the provider, or an address from which the settings are found, shown,
 * confirmed and tried. Its owner is whoever connects it.
 */
export const connectInboxPages = (pages: Pages, deps: ConnectPagesDeps & ViewDeps): void => {
  const { connecting, database, now } = deps;
  const common = ({ user }: SignedInView) => ({
    owner: user ? { externalId: user.id, name: user.name } : undefined,
    since: now() - deps.firstSyncDays * 86_400_000,
  });

  const choice = async (view: SignedInView, above: Html | null, status = 200): Promise<Shown> => {
    const providers = await deps.providers();
    allowFormsTo(view, providers);
    return { ...choicePage(view, deps, providers, above), status };
  };

  pages.get("/inboxes/connect", "sales", (view) => choice(view, null));

  pages.post("/inboxes/connect/find", "sales", async (view) => {
    const address = view.field("address").trim();
    if (!isEmail(address)) return choice(view, html`<p class="fault" role="alert">${view.t("connect.badAddress")}</p>`, 422);
    const wanted = view.field("provider") === "" ? mailboxProviders : ([sentProvider(view)] as const);
    const { provider, found } = await findMailbox(connecting, wanted, address, { askIspdb: deps.askIspdb });
    if (found.kind !== "sign_in") {
      const above = html`<p role="status">${foundText(view, address, { provider, found })}</p>`;
      return settingsPage(view, fieldsOf(provider, address, settingsIn(found)), above);
    }
    const providers = await deps.providers();
    allowFormsTo(view, providers);
    return signInPage(view, address, waysIn(found.providers, providers));
  });

  pages.post("/inboxes/connect/mailbox", "sales", async (view) => {
    const fields = sentFields(view);
    const refuse = (fault: Fault): Shown => ({ ...settingsPage(view, fields, faultLine(fault), fault), status: 422 });
    const there = await connectedAlready(database.read, view.accountId, fields.address);
    if (there && (await seenInbox(database.read, view, there.id))) return { redirect: `/inboxes/${there.id}?done=connectedAlready` };
    if (there) return refuse(thereAlready(view, there));
    if (!isEmail(fields.address))
      return refuse({ sentence: view.t("connect.badAddress"), said: null, fields: new Map([["address", view.t("connect.badAddress")]]) });
    try {
      const { address } = fields;
      const secrets = { password: view.field("password") };
      const wish = { provider: fields.provider, address, settings: settingsOf(fields), secrets, ...common(view) };
      const inbox = await connectInbox(connecting, view.accountId, wish);
      deps.nudge();
      return { redirect: `/inboxes/${inbox.id}?done=connected` };
    } catch (error) {
      return refuse(faultOf(view, error));
    }
  });

  pages.post("/inboxes/connect/:provider", "sales", async (view) => {
    const { provider } = view.request.params as { provider: string };
    if (!(await deps.providers()).some(({ name, ready }) => name === provider && ready)) return notFoundPage(view);
    return goToProvider(view, deps, view.accountId, {
      provider,
      expectedAddress: view.field("address") || null,
      linkId: null,
      ...common(view),
    });
  });
};

const brand = (view: Pick<View, "t">, { name, label }: SignInProvider): string => {
  const key = `connect.provider.${name}`;
  return isTextKey(key) ? view.t(key) : label;
};

const buttonFor = (view: SignedInView, provider: SignInProvider, address?: string): Html =>
  providerButton(view, provider, {
    action: `/inboxes/connect/${provider.name}`,
    words: view.t("connect.button", { provider: brand(view, provider) }),
    ...(address !== undefined && { address }),
  });

const choicePage = (view: SignedInView, deps: ConnectPagesDeps, providers: readonly SignInProvider[], above: Html | null): Shown => {
  const title = view.t("page.connect.title");
  return {
    title,
    content: html`<h1>${title}</h1>
${above}
${consent(view, deps)}
<h2>${view.t("connect.atProvider")}</h2>
${providers.map((provider) => buttonFor(view, provider))}
${providers.some(({ name }) => name === "gmail" || name === "gmail-imap") && html`<p class="quiet">${view.t("connect.limitedUse")}</p>`}
<h2>${view.t("connect.byAddress")}</h2>
<p>${view.t("connect.byAddressHint")}</p>
<form method="post" action="/inboxes/connect/find" class="narrow">${csrfField(view)}
<label>${view.t("connect.address")}<input name="address" type="email" required autocomplete="email" value="${view.field("address") || view.user?.email}"></label>
<button>${view.t("connect.find")}</button>
</form>`,
  };
};

/** The ways in that are set up; where none is, the best one, so that the page says what is missing. */
export const waysIn = (names: readonly string[], providers: readonly SignInProvider[]): SignInProvider[] => {
  const known = names.map((name) => providers.find((each) => each.name === name) ?? { name, label: name, ready: false, origin: null });
  const ready = known.filter((provider) => provider.ready);
  return ready.length > 0 ? ready : known.slice(0, 1);
};

/** That a mailbox is opened at its provider, without a password here. */
export const signInText = (view: Pick<View, "t">, address: string, way: SignInProvider): string =>
  view.t("connect.signInAt", { address, provider: brand(view, way) });

const signInPage = (view: SignedInView, address: string, ways: readonly SignInProvider[]): Shown => {
  const title = view.t("page.connect.title");
  return {
    title,
    content: html`<h1>${title}</h1>
${ways[0] && html`<p role="status">${signInText(view, address, ways[0])}</p>`}
${ways.map((provider) => buttonFor(view, provider, address))}
<p><a href="/inboxes/connect">${view.t("connect.again")}</a></p>`,
  };
};

const settingsPage = (view: SignedInView, fields: MailboxFields, above: Html | null, fault: Fault | null = null): Shown => {
  const title = view.t("connect.settingsTitle");
  const form = { action: "/inboxes/connect/mailbox", button: view.t("mailbox.connect"), fault, fixed: false };
  return {
    title,
    content: html`<h1>${title}</h1>
${above}
${mailboxForm(view, fields, form)}
${otherMailboxForm(view, fields, "/inboxes/connect/find")}
<p><a href="/inboxes/connect">${view.t("connect.again")}</a></p>`,
  };
};

export const settingsIn = (found: Found) => (found.kind === "settings" ? found.settings : null);

const refusals = { pop_only: "connect.popOnly", no_tls: "connect.noTls", oauth_only: "connect.oauthOnly" } as const;
const places = {
  domain: "connect.foundDomain",
  ispdb: "connect.foundIspdb",
  dns: "connect.foundDns",
  guess: "connect.foundGuess",
} as const;

type FoundSettings = { provider: MailboxProvider; found: Exclude<Found, { kind: "sign_in" }> };

/** What was found and where. A server outside the domain is named to be looked at (RFC 6186, 6). */
export const foundText = (view: View, address: string, { provider, found }: FoundSettings): string => {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  if (found.kind === "nothing") return view.t(provider === "imap" ? "connect.foundNothing" : "connect.foundNoExchange", { domain });
  if (found.kind === "refused") return view.t(refusals[found.why], { domain });
  const fields = fieldsOf(provider, address, found.settings);
  const host = provider === "imap" ? fields.host : (URL.parse(fields.server)?.hostname ?? fields.server);
  const isOther = (found.from === "dns" || provider === "exchange") && host !== domain && !host.endsWith(`.${domain}`);
  const where = provider === "imap" ? view.t(places[found.from], { domain }) : view.t("connect.foundExchange", { domain });
  return [where, ...(isOther ? [view.t("connect.otherDomain", { host, domain })] : [])].join(" ");
};
