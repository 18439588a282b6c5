import { getContact } from "../../store/contacts.ts";
import { type Erasure, findErasure, type RowCounts } from "../../store/erasures.ts";
import { eraseContactForGood } from "../../sync/erase.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, notFoundPage, type Pages, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import { timeOf } from "./bounce-card.ts";
import { contactTitle } from "./visible-contact.ts";

const whatGoes = ["contact", "bounces", "letters", "others", "events"] as const;

/** Erasing a person for good: what goes, then the receipt, which stays where the page was. For owners. */
export const eraseContactPages = (pages: Pages, deps: ViewDeps): void => {
  const { read } = deps.database;

  pages.get("/contacts/:id/erase", "owner", async (view) => {
    const contact = await getContact(read, view.accountId, idOf(view));
    if (!contact) {
      const erasure = await findErasure(read, view.accountId, idOf(view));
      return erasure ? receiptPage(view, erasure) : notFoundPage(view);
    }
    const title = view.t("erase.title", { name: contactTitle(contact) });
    return {
      title,
      content: html`<h1>${title}</h1>
<p>${view.t("erase.goes")}</p>
<ul>${whatGoes.map((what) => html`<li>${view.t(`erase.goes.${what}`)}</li>`)}</ul>
<p>${view.t("erase.forGood")}</p>
<form method="post" action="/contacts/${contact.id}/erase">${csrfField(view)}
<label class="choice"><input type="checkbox" name="sure" value="yes" required> <span>${view.t("erase.sure")}</span></label>
<button class="danger">${view.t("erase.button")}</button></form>
<p><a href="/contacts/${contact.id}">${view.t("contact.back")}</a></p>`,
    };
  });

  pages.post("/contacts/:id/erase", "owner", async (view) => {
    const here = `/contacts/${encodeURIComponent(idOf(view))}/erase`;
    if (view.field("sure") !== "yes") return { redirect: here };
    const erasure = await eraseContactForGood(deps, view.accountId, idOf(view), `session:${view.user?.id ?? "operator"}`);
    return erasure ? { redirect: here } : notFoundPage(view);
  });
};

const idOf = (view: SignedInView): string => (view.request.params as { id: string }).id;

const receiptPage = (view: SignedInView, { id, at, removed, changed, leftBehind }: Erasure): Shown => ({
  title: view.t("receipt.title"),
  content: html`<h1>${view.t("receipt.title")}</h1>
<p role="status">${view.t("receipt.when")} ${timeOf(view, at)} · ${id}</p>
<h2>${view.t("receipt.removed")}</h2>${counts(view, removed)}
<h2>${view.t("receipt.changed")}</h2>${counts(view, changed)}
<h2>${view.t("receipt.proof")}</h2>
${leftBehind === null ? html`<p>${view.t("receipt.notProven")}</p>` : Object.keys(leftBehind).length === 0 ? html`<p>${view.t("receipt.nothingLeft")}</p>` : counts(view, leftBehind)}
<p><a href="/contacts">${view.t("contacts.title")}</a></p>`,
});

const counts = (view: SignedInView, rows: RowCounts): Html => {
  const entries = Object.entries(rows);
  if (entries.length === 0) return html`<p>${view.t("receipt.none")}</p>`;
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("receipt.table")}</th><th scope="col" class="number">${view.t("receipt.rows")}</th></tr></thead>
<tbody>${entries.map(([table, n]) => html`<tr><th scope="row"><code>${table}</code></th><td class="number">${view.number(n)}</td></tr>`)}</tbody>
</table></div>`;
};
