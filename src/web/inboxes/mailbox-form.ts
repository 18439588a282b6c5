import { type Said, said } from "../../messages/said.ts";
import { ConnectorError } from "../../ports/connector.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { InvalidSettings } from "../../sync/connect-inbox.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, type View } from "../page/view.ts";

/** The connectors behind the form: they ask for a server, a user name and a password. The first is tried first where nothing is known. */
export const mailboxProviders = ["imap", "exchange"] as const;
export type MailboxProvider = (typeof mailboxProviders)[number];

export const isMailboxProvider = (provider: string): provider is MailboxProvider => mailboxProviders.some((name) => name === provider);

/** The other one. */
const otherThan = (provider: MailboxProvider): MailboxProvider => (provider === "imap" ? "exchange" : "imap");

const inputs = ["address", "host", "port", "security", "server", "username", "sharedMailbox", "pinnedCertificate"] as const;

/** What stands in the form. The password is never among it: it does not come back in a page. */
export type MailboxFields = { provider: MailboxProvider } & { [name in (typeof inputs)[number]]: string };

/** What is wrong: in a sentence, in the connector's words where it said something, and in which fields, each with a note where there is one. */
export type Fault = { sentence: string; said: Said | null; fields: ReadonlyMap<string, string | null> };

/** The connector a form was for. */
export const sentProvider = (view: View): MailboxProvider => (view.field("provider") === "exchange" ? "exchange" : "imap");

const fieldsBy = (provider: MailboxProvider, value: (name: (typeof inputs)[number]) => string): MailboxFields =>
  ({ provider, ...Object.fromEntries(inputs.map((name) => [name, value(name)])) }) as MailboxFields;

export const sentFields = (view: View): MailboxFields => fieldsBy(sentProvider(view), (name) => view.field(name).trim());

/** The form's fields from settings that were found or stored. */
export const fieldsOf = (provider: MailboxProvider, address: string, settings: Inbox["settings"]): MailboxFields => {
  const known = (settings ?? {}) as { [name: string]: string | number };
  const usual: { [name: string]: string } = { address, port: "993", security: "tls", username: address };
  return fieldsBy(provider, (name) => String(known[name] ?? usual[name] ?? ""));
};

/** The settings as the connector takes them; what was left empty and may be is none. */
export const settingsOf = ({ provider, host, port, security, server, username, sharedMailbox, pinnedCertificate }: MailboxFields) => ({
  ...(provider === "imap" ? { host, port, security } : { server, ...(sharedMailbox !== "" && { sharedMailbox }) }),
  username,
  ...(pinnedCertificate !== "" && { pinnedCertificate }),
});

/** The fields that may be the reason, by what kind of failure it was. */
const suspects: Partial<Record<ConnectorError["kind"], readonly string[]>> = {
  auth: ["username", "password"],
  unavailable: ["host", "port", "server"],
  rejected: ["host", "port", "security", "server"],
};

/** What failed, for people. Throws what is no failure of theirs or of the server's. */
export const faultOf = (view: View, error: unknown): Fault => {
  if (error instanceof ConnectorError) {
    const fields = new Map((suspects[error.kind] ?? []).map((name) => [name, null]));
    return { sentence: view.t(`mailbox.failed.${error.kind}`), said: said(view.language, error.message), fields };
  }
  if (!(error instanceof InvalidSettings)) throw error;
  const fields = new Map(
    error.issues.map(({ path }) => {
      const name = String(path.at(-1));
      return [name, view.t(name === "port" ? "mailbox.portWrong" : "mailbox.fieldMissing")];
    }),
  );
  return { sentence: view.t("mailbox.failed.fields"), said: null, fields };
};

/** Two inboxes on one mailbox would read everything twice. */
export const thereAlready = (view: View, { address }: Inbox): Fault => ({
  sentence: view.t("mailbox.thereAlready", { address }),
  said: null,
  fields: new Map([["address", null]]),
});

export const faultLine = (fault: Fault | null): Html | null =>
  fault &&
  html`<p class="fault" role="alert">${fault.sentence}${fault.said && html` <span lang="${fault.said.language}">${fault.said.text}</span>`}</p>`;

type Named = (typeof inputs)[number] | "password";

/** The form for server, user name and password. `fixed`: the address is known and cannot be changed. */
export const mailboxForm = (
  view: View,
  fields: MailboxFields,
  { action, button, fault, fixed }: { action: string; button: string; fault: Fault | null; fixed: boolean },
): Html => {
  const marks = (name: Named): Html | null => {
    if (!fault?.fields.has(name)) return null;
    return html` aria-invalid="true"${fault.fields.get(name) && html` aria-describedby="${name}-wrong"`}`;
  };
  const note = (name: Named): Html | null => {
    const words = fault?.fields.get(name);
    return words ? html`<span class="wrong" id="${name}-wrong">${words}</span>` : null;
  };
  const input = (name: Exclude<Named, "security" | "pinnedCertificate">, more: Html, required = true): Html =>
    html`<label>${view.t(`mailbox.${name}`)}<input name="${name}"${marks(name)}${required && html` required`} autocomplete="off" spellcheck="false" ${more}>${note(name)}</label>`;
  const imapInputs = (): Html => html`${input("host", html`value="${fields.host}"`)}
${input("port", html`inputmode="numeric" value="${fields.port}"`)}
<label>${view.t("mailbox.security")}<select name="security"${marks("security")}>${(["tls", "starttls"] as const).map(
    (kind) => html`<option value="${kind}"${fields.security === kind && html` selected`}>${view.t(`mailbox.${kind}`)}</option>`,
  )}</select></label>`;
  return html`<form method="post" action="${action}" class="narrow">${csrfField(view)}<input type="hidden" name="provider" value="${fields.provider}">
${fixed ? html`<input type="hidden" name="address" value="${fields.address}">` : input("address", html`type="email" value="${fields.address}"`)}
${fields.provider === "imap" ? imapInputs() : input("server", html`value="${fields.server}"`)}
${input("username", html`value="${fields.username}"`)}
${fields.provider === "exchange" && input("sharedMailbox", html`type="email" value="${fields.sharedMailbox}"`, false)}
${input("password", html`type="password"`)}
<p class="quiet">${view.t(fields.provider === "imap" ? "mailbox.passwordHint" : "mailbox.exchangeHint")}</p>
<details${fields.pinnedCertificate !== "" && html` open`}><summary>${view.t("mailbox.certificate")}</summary>
<label>${view.t("mailbox.certificate")}<textarea name="pinnedCertificate" rows="4" spellcheck="false">${fields.pinnedCertificate}</textarea></label>
<p class="quiet">${view.t("mailbox.certificateHint")}</p></details>
<button>${button}</button>
</form>`;
};

/** A button that looks for the settings of the other connector: an Exchange server may be read by either. */
export const otherMailboxForm = (view: View, { provider, address }: MailboxFields, action: string): Html => {
  const other = otherThan(provider);
  return html`<form method="post" action="${action}">${csrfField(view)}<input type="hidden" name="address" value="${address}"><input type="hidden" name="provider" value="${other}"><button class="plain">${view.t(`mailbox.other.${other}`)}</button></form>`;
};
