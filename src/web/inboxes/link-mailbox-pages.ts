import { useConnectLink } from "../../store/connect-links.ts";
import { connectedAlready, connectInbox, findMailbox } from "../../sync/connect-inbox.ts";
import { type Html, html } from "../page/html.ts";
import type { Pages, Shown } from "../page/view.ts";
import { isEmail } from "../sign-in/sign-in-pages.ts";
import { foundText, settingsIn, signInText, waysIn } from "./connect-inbox-pages.ts";
import { type ConnectPagesDeps, leave, type OpenedLink, openedLink, wishOf } from "./connect-pages.ts";
import {
  type Fault,
  faultLine,
  faultOf,
  fieldsOf,
  type MailboxFields,
  mailboxForm,
  otherMailboxForm,
  sentFields,
  sentProvider,
  settingsOf,
  thereAlready,
} from "./mailbox-form.ts";

/**
 * A connect link for a mailbox that is opened with a password: settings found from the address, shown, and tried. A wrong password ends
 * nothing: it can be entered again until the link expires.
 */
export const linkMailboxPages = (pages: Pages, deps: ConnectPagesDeps): void => {
  const { connecting } = deps;
  const { database, now } = connecting;

  pages.open("POST", "/connect/:secret/find", async (view) => {
    const opened = await openedLink(deps, view);
    if (!("link" in opened)) return opened;
    const { link, reconnects, byPassword } = opened;
    const { t } = opened.view;
    const address = link.wish.expectedAddress ?? reconnects?.address ?? view.field("address").trim();
    const [first, ...more] = view.field("provider") === "" ? byPassword : byPassword.filter((name) => name === sentProvider(view));
    if (!first || !isEmail(address)) return { redirect: `/connect/${encodeURIComponent(opened.secret)}` };
    if (reconnects)
      return settingsPage(opened, fieldsOf(first, address, reconnects.settings), html`<p role="status">${t("mailbox.reconnectHint")}</p>`);
    const { provider, found } = await findMailbox(connecting, [first, ...more], address, { askIspdb: deps.askIspdb });
    const sentence =
      found.kind === "sign_in"
        ? waysIn(found.providers, opened.providers)
            .slice(0, 1)
            .map((way) => signInText(opened.view, address, way))
        : foundText(opened.view, address, { provider, found });
    return settingsPage(opened, fieldsOf(provider, address, settingsIn(found)), html`<p role="status">${sentence}</p>`);
  });

  pages.open("POST", "/connect/:secret/mailbox", async (view) => {
    const opened = await openedLink(deps, view);
    if (!("link" in opened)) return opened;
    const { link, reconnects, secret } = opened;
    const sent = sentFields(view);
    const fields = { ...sent, address: link.wish.expectedAddress ?? reconnects?.address ?? sent.address };
    const refuse = (fault: Fault): Shown => ({ ...settingsPage(opened, fields, faultLine(fault), fault), status: 422 });
    const usable =
      opened.byPassword.includes(sent.provider) &&
      isEmail(fields.address) &&
      (await database.transaction((tx) => useConnectLink(tx, link.accountId, link.id, now())));
    if (!usable) return { redirect: `/connect/${encodeURIComponent(secret)}` };
    const there = reconnects ? null : await connectedAlready(database.read, link.accountId, fields.address);
    if (there) return refuse(thereAlready(opened.view, there));
    try {
      const { address } = fields;
      const secrets = { password: view.field("password") };
      const wish = { provider: fields.provider, address, settings: settingsOf(fields), secrets, ...wishOf(deps, link) };
      const inbox = await connectInbox(connecting, link.accountId, wish);
      deps.nudge();
      return leave(deps, opened, { outcome: "connected", inboxId: inbox.id }, opened.view.t("connect.connected", { address }));
    } catch (error) {
      return refuse(faultOf(opened.view, error));
    }
  });
};

const settingsPage = (
  { view, secret, link, reconnects, byPassword }: OpenedLink,
  fields: MailboxFields,
  above: Html | null,
  fault: Fault | null = null,
): Shown => {
  const title = view.t("connect.settingsTitle");
  const fixed = link.wish.expectedAddress !== null || reconnects !== null;
  const form = { action: `/connect/${secret}/mailbox`, button: view.t("mailbox.connect"), fault, fixed };
  return {
    title,
    language: view.language,
    content: html`<h1>${title}</h1>
${above}
${fixed && html`<p class="who">${fields.address}</p>`}
${mailboxForm(view, fields, form)}
${byPassword.length > 1 && otherMailboxForm(view, fields, `/connect/${secret}/find`)}
<p><a href="/connect/${secret}">${view.t("connect.toLink")}</a></p>`,
  };
};
