import type { Erasure, RowCounts } from "../../store/erasures.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { eraseInboxForGood } from "../../sync/erase.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, notFoundPage, type Pages, type Shown, type SignedInView, type View, type ViewDeps } from "../page/view.ts";
import type { ConnectPagesDeps } from "./connect-pages.ts";
import { acting } from "./inbox-actions.ts";

/** Erasing an inbox: asked for once more on a page that says what goes, and ended with a receipt. */
export const eraseInboxPages = (pages: Pages, deps: ConnectPagesDeps & ViewDeps): void => {
  pages.get("/inboxes/:id/erase", "sales", (view) => acting(view, deps, "erase", async (inbox) => askAgain(view, inbox, null)));

  pages.post("/inboxes/:id/erase", "sales", (view) =>
    acting(view, deps, "erase", async (inbox) => {
      if (view.field("sure") !== "yes")
        return { ...askAgain(view, inbox, html`<p class="fault" role="alert">${view.t("eraseInbox.notSure")}</p>`), status: 422 };
      const erasure = await eraseInboxForGood(deps.connecting, inbox, `session:${view.user?.id ?? "operator"}`);
      return erasure ? receipt(view, erasure, erasure.at) : notFoundPage(view);
    }),
  );
};

const askAgain = (view: SignedInView, { id, address }: Inbox, above: Html | null): Shown => {
  const title = view.t("eraseInbox.title", { address });
  return {
    title,
    content: html`<h1>${title}</h1>
${above}
<p>${view.t("eraseInbox.what")}</p>
<ul>${(["sent", "notices", "bounces", "secrets"] as const).map((what) => html`<li>${view.t(`eraseInbox.${what}`)}</li>`)}</ul>
<p>${view.t("eraseInbox.stays")}</p>
<form method="post" action="/inboxes/${id}/erase">${csrfField(view)}
<label class="choice"><input type="checkbox" name="sure" value="yes" required> <span>${view.t("eraseInbox.sure")}</span></label>
<div class="actions"><button class="danger">${view.t("eraseInbox.button")}</button> <a class="button plain" href="/inboxes/${id}">${view.t("eraseInbox.keep")}</a></div>
</form>`,
  };
};

const named = ["engagements", "sent_messages", "notices", "seen_messages", "traces", "contacts", "inbox_secrets"] as const;

/** What went, by what people know it as; the rest in one number. */
const rows = (view: View, removed: RowCounts): [string, number][] => {
  const known = named.map((table): [string, number] => [view.t(`erased.${table}`), removed[table] ?? 0]);
  const all = Object.values(removed).reduce((sum, n) => sum + n, 0);
  return [...known, [view.t("erased.rest"), all - known.reduce((sum, [, n]) => sum + n, 0)]];
};

/** What is said of an inbox that was erased: what went, and the proof that nothing is left. */
export const receipt = (view: View, erasure: Erasure | null, at: number): Shown => {
  const left = Object.values(erasure?.leftBehind ?? {}).reduce((sum, n) => sum + n, 0);
  const title = view.t("erased.title");
  return {
    title,
    content: html`<h1>${title}</h1>
<p class="done" role="status">${view.t("erased.done", { date: view.time(at) })} ${erasure?.leftBehind && view.t(left === 0 ? "erased.proven" : "erased.left", { n: left })}</p>
${
  erasure &&
  html`<dl>${rows(view, erasure.removed).map(([name, n]) => html`<dt>${name}</dt><dd>${view.number(n)}</dd>`)}
<dt>${view.t("erased.receipt")}</dt><dd>${erasure.id}</dd></dl>`
}
<p><a href="/inboxes">${view.t("inboxes.back")}</a></p>`,
  };
};
