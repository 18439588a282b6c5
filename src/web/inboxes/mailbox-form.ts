import { type Said, said } from "../../messages/said.ts";
import { ConnectorError } from "../../ports/connector.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { InvalidSettings } from "../../sync/connect-inbox.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, type View } from "../page/view.ts";

/** The connector behind the form: it asks for a server, a user name and a password. */
export const mailboxProvider = "imap";

/** What stands in the form. The password is never among it: it does not come back in a page. */
export type MailboxFields = { address: string; host: string; port: string; security: string; username: string; pinnedCertificate: string };

/** What is wrong: in a sentence, in the connector's words where it said something, and in which fields, each with a note where there is one. */
export type Fault = { sentence: string; said: Said | null; fields: ReadonlyMap<string, string | null> };

export const sentFields = (view: View): MailboxFields => {
  const [address = "", host = "", port = "", security = "", username = "", pinnedCertificate = ""] = (
    ["address", "host", "port", "security", "username", "pinnedCertificate"] as const
  ).map((name) => view.field(name).trim());
  return { address, host, port, security, username, pinnedCertificate };
};

/** The form's fields from settings that were found or stored. */
export const fieldsOf = (address: string, settings: Inbox["settings"]): MailboxFields => {
  const known = (settings ?? {}) as Partial<Record<keyof MailboxFields, string | number>>;
  const field = (name: keyof MailboxFields, usually: string): string => String(known[name] ?? usually);
  return {
    address,
    host: field("host", ""),
    port: field("port", "993"),
    security: field("security", "tls"),
    username: field("username", address),
    pinnedCertificate: field("pinnedCertificate", ""),
  };
};

/** The settings as the connector takes them; an empty certificate is none. */
export const settingsOf = ({ host, port, security, username, pinnedCertificate }: MailboxFields) => ({
  host,
  port,
  security,
  username,
  ...(pinnedCertificate !== "" && { pinnedCertificate }),
});

/** The fields that may be the reason, by what kind of failure it was. */
const suspects: Partial<Record<ConnectorError["kind"], readonly string[]>> = {
  auth: ["username", "password"],
  unavailable: ["host", "port"],
  rejected: ["host", "port", "security"],
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

type Named = keyof MailboxFields | "password";

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
  const input = (name: Exclude<Named, "security" | "pinnedCertificate">, more: Html): Html =>
    html`<label>${view.t(`mailbox.${name}`)}<input name="${name}"${marks(name)} required autocomplete="off" spellcheck="false" ${more}>${note(name)}</label>`;
  return html`<form method="post" action="${action}" class="narrow">${csrfField(view)}
${fixed ? html`<input type="hidden" name="address" value="${fields.address}">` : input("address", html`type="email" value="${fields.address}"`)}
${input("host", html`value="${fields.host}"`)}
${input("port", html`inputmode="numeric" value="${fields.port}"`)}
<label>${view.t("mailbox.security")}<select name="security"${marks("security")}>${(["tls", "starttls"] as const).map(
    (kind) => html`<option value="${kind}"${fields.security === kind && html` selected`}>${view.t(`mailbox.${kind}`)}</option>`,
  )}</select></label>
${input("username", html`value="${fields.username}"`)}
${input("password", html`type="password"`)}
<p class="quiet">${view.t("mailbox.passwordHint")}</p>
<details${fields.pinnedCertificate !== "" && html` open`}><summary>${view.t("mailbox.certificate")}</summary>
<label>${view.t("mailbox.certificate")}<textarea name="pinnedCertificate" rows="4" spellcheck="false">${fields.pinnedCertificate}</textarea></label>
<p class="quiet">${view.t("mailbox.certificateHint")}</p></details>
<button>${button}</button>
</form>`;
};
