import type { SeenVerdict } from "../../ports/database.ts";
import { type Coverage, type MissingMessage, readCoverage } from "../../store/coverage.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { readVerdicts } from "../../store/seen-messages.ts";
import { beginCheck } from "../../sync/check-coverage.ts";
import { seenInboxes } from "../inboxes/visible-inboxes.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, notFoundPage, type Pages, type SignedInView } from "../page/view.ts";
import type { WhyPagesDeps } from "./why-pages.ts";

/** What providers hold against what was seen, inbox by inbox. */
export const coveragePages = (pages: Pages, { database, mailboxes, nudge }: WhyPagesDeps): void => {
  const rowOf = async (view: SignedInView, inbox: Inbox, coverage: Coverage | undefined): Promise<Html> => {
    const refs = coverage?.missing.map(({ ref }) => ref) ?? [];
    return coverageRow(view, inbox, coverage, await readVerdicts(database.read, view.accountId, inbox.id, refs));
  };

  const find = async (view: SignedInView): Promise<Inbox | undefined> => {
    const { id } = view.request.params as { id: string };
    return (await seenInboxes(database.read, view)).find((inbox) => inbox.id === id);
  };

  pages.get("/coverage", "support", async (view) => {
    const inboxes = (await seenInboxes(database.read, view)).filter(({ state }) => state !== "erased");
    const found = await readCoverage(
      database.read,
      view.accountId,
      inboxes.map(({ id }) => id),
    );
    const title = view.t("coverage.title");
    const rows = await Promise.all(inboxes.map((inbox) => rowOf(view, inbox, found.get(inbox.id))));
    return {
      title,
      live: true,
      content: html`<h1>${title}</h1>
<p>${view.t("coverage.lead")}</p>
${rows.length === 0 ? html`<p>${view.t("coverage.empty")}</p>` : html`<div class="coverage">${rows}</div>`}`,
    };
  });

  /** One inbox's part of the page, for what looks again while a comparison runs. */
  pages.get("/coverage/:id", "support", async (view) => {
    const inbox = await find(view);
    if (!inbox) return notFoundPage(view);
    const found = await readCoverage(database.read, view.accountId, [inbox.id]);
    return { fragment: await rowOf(view, inbox, found.get(inbox.id)), of: `/coverage#${inbox.id}` };
  });

  pages.post("/coverage/:id/check", "support", async (view) => {
    const inbox = await find(view);
    if (!inbox) return notFoundPage(view);
    const begun = await beginCheck(mailboxes, view.accountId, inbox.id);
    begun?.done.then(nudge).catch((error) => mailboxes.log.error({ err: error, inboxId: inbox.id }, "a comparison failed"));
    return { redirect: `/coverage#${inbox.id}` };
  });
};

const coverageRow = (view: SignedInView, inbox: Inbox, coverage: Coverage | undefined, now: ReadonlyMap<string, SeenVerdict>): Html => {
  const running = coverage?.note === "running";
  const again = html` hx-get="/coverage/${inbox.id}" hx-trigger="every 2s" hx-swap="outerHTML"`;
  return html`<section class="covered" id="${inbox.id}"${running && again}>
<h2>${inbox.address}</h2>
${coverage?.checkedAt ? numbers(view, coverage) : !running && html`<p class="quiet">${view.t("coverage.checked")}: ${view.t("coverage.never")}</p>`}
<div role="status">${coverage?.note && noteOf(view, coverage)}</div>
${coverage?.checkedAt ? missingList(view, inbox, coverage, now) : null}
${!running && html`<form method="post" action="/coverage/${inbox.id}/check">${csrfField(view)}<button class="plain">${view.t("coverage.check")}</button></form>`}
</section>`;
};

const noteOf = (view: SignedInView, { note, looked, detail }: Coverage): Html => {
  if (note === "running")
    return html`<p>${view.t("coverage.running", { n: view.number(looked) })} <progress aria-label="${view.t("coverage.note.running")}"></progress></p>`;
  return html`<p class="note">${note && view.t(`coverage.note.${note}`, { detail: detail ?? "…" })}</p>`;
};

const numbers = (view: SignedInView, { ourCount, providerCount, gap, from, to, checkedAt }: Coverage): Html => {
  const [ours, all] = [ourCount ?? 0, providerCount ?? 0];
  const label = view.t("coverage.known_of", { ours: view.number(ours), provider: view.number(all) });
  return html`<p class="share"><meter min="0" max="${Math.max(1, all)}" value="${all === 0 ? 1 : ours}" aria-label="${label}"></meter> <b>${label}</b>
<span class="${gap ? "gap" : "quiet"}">${gap ? html`${view.t("coverage.gap")}: ${view.number(gap)}` : view.t("coverage.none")}</span></p>
<p class="quiet">${view.t("coverage.window", { from: view.time(from ?? 0), to: view.time(to ?? 0) })} · ${view.t("coverage.checked")}: ${view.time(checkedAt ?? 0)}</p>`;
};

const missingList = (view: SignedInView, inbox: Inbox, { missing, gap }: Coverage, now: ReadonlyMap<string, SeenVerdict>): Html | null =>
  missing.length === 0
    ? null
    : html`<details><summary>${view.t("coverage.list", { n: view.number(gap ?? missing.length) })}</summary>
<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("coverage.received")}</th><th scope="col">${view.t("coverage.folder")}</th><th scope="col">${view.t("coverage.now")}</th><td></td></tr></thead>
<tbody>${missing.map((message) => missingRow(view, inbox, message, now.get(message.ref)))}</tbody>
</table></div></details>`;

const missingRow = (
  view: SignedInView,
  inbox: Inbox,
  { ref, folder, receivedAt }: MissingMessage,
  verdict: SeenVerdict | undefined,
): Html => {
  const state = verdict === undefined ? "open" : verdict === "owed" ? "queued" : "read";
  return html`<tr><th scope="row">${receivedAt === null ? "–" : view.time(receivedAt)}</th><td>${folder}</td><td>${view.t(`coverage.now.${state}`)}</td>
<td>${verdict !== undefined && verdict !== "sent" && html`<a href="/why?inbox=${encodeURIComponent(inbox.id)}&amp;ref=${encodeURIComponent(ref)}">${view.t("coverage.why")}</a>`}</td></tr>`;
};
