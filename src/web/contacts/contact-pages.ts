import { type BouncedContact, findContacts, listBouncedContacts } from "../../store/find-contacts.ts";
import { visibleInboxes } from "../inboxes/visible-inboxes.ts";
import { type Html, html } from "../page/html.ts";
import { notFoundPage, type Pages, type Shown, type SignedInView } from "../page/view.ts";
import { signs, timeOf } from "./bounce-card.ts";
import { type ContactPageDeps, contactPage } from "./contact-page.ts";
import { contactTitle, visibleContact } from "./visible-contact.ts";

/** Finding a contact, and its timeline. Sales users see the contacts of their own inboxes' bounces. */
export const contactPages = (pages: Pages, deps: ContactPageDeps): void => {
  const { read } = deps.database;

  pages.get("/contacts", "sales", async (view) => {
    const words = view.field("q").trim().slice(0, 320);
    const inboxIds = await visibleInboxes(read, view);
    if (words !== "") {
      const found = await findContacts(read, view.accountId, words, { inboxIds });
      const rows = found.data.map((contact) => ({ contact, last: null }));
      const none = html`<p>${view.t("contacts.none")}</p>`;
      return listPage(view, words, rows, html`${rows.length === 0 && none}${found.more && html`<p>${view.t("contacts.more")}</p>`}`);
    }
    const found = await listBouncedContacts(read, view.accountId, { cursor: view.field("cursor") || null, inboxIds });
    const rows = found.data.map((last) => ({ contact: last.contact, last }));
    const older = found.nextCursor && html`<p><a href="?cursor=${found.nextCursor}">${view.t("contacts.older")}</a></p>`;
    return listPage(view, "", rows, html`${rows.length === 0 && html`<p>${view.t("contacts.empty")}</p>`}${older}`);
  });

  pages.get("/contacts/:id", "sales", async (view) => {
    const found = await visibleContact(read, view);
    return found ? contactPage(deps, view, found) : notFoundPage(view);
  });
};

type Row = { contact: BouncedContact["contact"]; last: BouncedContact | null };

const listPage = (view: SignedInView, words: string, rows: readonly Row[], below: Html): Shown => ({
  title: view.t("contacts.title"),
  wide: true,
  content: html`<h1>${view.t("contacts.title")}</h1>
<form method="get" action="/contacts" class="search" role="search">
<label>${view.t("contacts.search")}<input name="q" type="search" value="${words}" autocomplete="off"></label>
<button>${view.t("contacts.find")}</button>
</form>
<h2>${view.t(words === "" ? "contacts.newest" : "contacts.found", { words })}</h2>
${
  rows.length > 0 &&
  html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("contacts.contact")}</th>${words === "" && html`<th scope="col">${view.t("contacts.lastBounce")}</th>`}<th scope="col">${view.t("contacts.addresses")}</th><th scope="col">${view.t("contacts.externalId")}</th></tr></thead>
<tbody>${rows.map((row) => contactRow(view, row))}</tbody>
</table></div>`
}
${below}`,
});

const contactRow = (view: SignedInView, { contact, last }: Row): Html => html`<tr>
<th scope="row"><a href="/contacts/${contact.id}">${contactTitle(contact)}</a></th>
${last && html`<td><span class="state ${last.state}"><span aria-hidden="true">${signs[last.state]}</span> ${view.t(`type.${last.state}`)}</span>${last.category && `: ${view.t(`category.${last.category}`)}`}<br><span class="quiet">${timeOf(view, last.occurredAt)}</span></td>`}
<td>${contact.addresses.map((address) => html`<div>${address}</div>`)}</td>
<td>${contact.externalId ?? "–"}</td>
</tr>
`;
