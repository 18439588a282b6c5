import { addressKey } from "../../bounces/keys.ts";
import { findContactByAddress, getContact } from "../../store/contacts.ts";
import { appealGlobal, globallyBounced } from "../../store/global-bounces.ts";
import { mergeContacts } from "../../store/merge-contacts.ts";
import { unbounce } from "../../store/unbounce.ts";
import { html } from "../page/html.ts";
import { csrfField, notFoundPage, type Pages, type SignedInView } from "../page/view.ts";
import { type ContactPageDeps, contactPage } from "./contact-page.ts";
import { allOf, visibleContact } from "./visible-contact.ts";

/** What can be done with a contact: unbounce an address, appeal against the global rule, merge it with another. */
export const contactChanges = (pages: Pages, deps: ContactPageDeps): void => {
  const { database, keys, now } = deps;

  /** Tries to change one address of a contact; false where there was nothing to change. */
  const withNote = (path: string, done: string, nothing: "unbounce.nothing" | "appeal.nothing", change: Change): void =>
    pages.post(path, "sales", async (view) => {
      const found = await visibleContact(database.read, view);
      const address = found?.contact.addresses.find((one) => addressKey(one) === addressKey(view.field("address")));
      if (!found || address === undefined) return notFoundPage(view);
      const note = view.field("note").trim();
      if (note === "" || note.length > 1000) return contactPage(deps, view, found, view.t("contact.noteMissing"));
      const changed = await change(view.accountId, address, view.user?.name ?? view.t("role.owner"), note);
      return changed
        ? { redirect: `/contacts/${found.contact.id}?done=${done}` }
        : contactPage(deps, view, found, view.t(nothing, { address }));
    });

  withNote("/contacts/:id/unbounce", "unbounced", "unbounce.nothing", async (accountId, address, by, note) =>
    database.transaction(async (tx) => (await unbounce(tx, accountId, address, by, note, now())) !== null),
  );

  withNote("/contacts/:id/appeal", "appealed", "appeal.nothing", async (accountId, address, by, note) => {
    const key = addressKey(address);
    if (!(await globallyBounced(database.read, keys, accountId, [key], now())).has(key)) return false;
    await database.transaction((tx) => appealGlobal(tx, keys, accountId, key, { by, note }, now()));
    return true;
  });

  pages.get("/contacts/:id/merge", "support", async (view) => {
    const into = await getContact(database.read, view.accountId, idOf(view));
    if (!into) return notFoundPage(view);
    const from = await findContactByAddress(database.read, view.accountId, view.field("address"));
    const back = html`<p><a href="/contacts/${into.id}">${view.t("contact.back")}</a></p>`;
    const title = view.t("merge.title");
    if (!from || from.id === into.id) {
      const sentence = view.t(from ? "merge.same" : "merge.none", { address: view.field("address") });
      return { title, status: 404, content: html`<h1>${title}</h1><p class="fault" role="alert">${sentence}</p>${back}` };
    }
    return {
      title,
      content: html`<h1>${title}</h1>
<p>${view.t("merge.hint")}</p>
<dl class="facts">
<dt>${view.t("merge.goes")}</dt><dd>${allOf(from)}</dd>
<dt>${view.t("merge.stays")}</dt><dd>${allOf(into)}</dd>
</dl>
<form method="post" action="/contacts/${into.id}/merge">${csrfField(view)}<input type="hidden" name="from" value="${from.id}">
<button>${view.t("merge.button")}</button></form>
${back}`,
    };
  });

  pages.post("/contacts/:id/merge", "support", async (view) => {
    const contacts = { fromId: view.field("from"), intoId: idOf(view) };
    const merged = await database.transaction((tx) => mergeContacts(tx, view.accountId, contacts, now()));
    return merged ? { redirect: `/contacts/${merged.id}?done=merged` } : notFoundPage(view);
  });
};

type Change = (accountId: string, address: string, by: string, note: string) => Promise<boolean>;

const idOf = (view: SignedInView): string => (view.request.params as { id: string }).id;
