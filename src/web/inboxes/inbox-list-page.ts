import type { Inbox } from "../../store/inboxes.ts";
import { type Html, html } from "../page/html.ts";
import type { Pages, SignedInView, ViewDeps } from "../page/view.ts";
import type { ConnectPagesDeps } from "./connect-pages.ts";
import { lagText, ownerName, providerLabel, stateLine } from "./inbox-words.ts";
import { seenInboxes } from "./visible-inboxes.ts";

/** The inboxes somebody may look at, how each does, and how to connect one. What was erased is no longer listed. */
export const inboxListPage = (pages: Pages, { database, connecting }: ConnectPagesDeps & ViewDeps): void => {
  pages.get("/inboxes", "sales", async (view) => {
    const inboxes = (await seenInboxes(database.read, view)).filter(({ state }) => state !== "erased");
    const names = [...new Set(inboxes.map(({ provider }) => provider))];
    const labels = new Map(await Promise.all(names.map(async (name) => [name, await providerLabel(view, connecting, name)] as const)));
    const title = view.t("inboxes.title");
    return {
      title,
      wide: true,
      content: html`<h1>${title}</h1>
<p><a class="button" href="/inboxes/connect">${view.t("inboxes.connect")}</a></p>
${inboxes.length === 0 ? html`<p>${view.t("inboxes.empty")}</p>` : table(view, inboxes, labels)}`,
    };
  });
};

const table = (view: SignedInView, inboxes: readonly Inbox[], labels: ReadonlyMap<string, string>): Html => {
  const heads = ["mailbox", "state", "lastMail", "lag", "owner", "provider"] as const;
  return html`<div class="scroll" tabindex="0"><table class="inboxes">
<thead><tr>${heads.map((head) => html`<th scope="col">${view.t(`inboxes.${head}`)}</th>`)}</tr></thead>
<tbody>${inboxes.map((inbox) => row(view, inbox, labels.get(inbox.provider) ?? inbox.provider))}</tbody>
</table></div>`;
};

const row = (view: SignedInView, inbox: Inbox, label: string): Html => html`<tr>
<th scope="row"><a href="/inboxes/${inbox.id}">${inbox.address}</a></th>
<td class="sentence">${stateLine(view, inbox, label)}</td>
<td>${inbox.lastMailAt === null ? view.t("inboxes.none") : view.time(inbox.lastMailAt)}</td>
<td>${lagText(view, inbox)}</td>
<td>${ownerName(inbox)}</td>
<td>${label}</td>
</tr>`;
