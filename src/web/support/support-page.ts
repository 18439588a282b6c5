import type { TextKey } from "../../messages/text.ts";
import type { Read } from "../../ports/database.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { listNearMisses, type NearMissGroup } from "../../store/near-misses.ts";
import { seenInboxes } from "../inboxes/visible-inboxes.ts";
import { type Html, html } from "../page/html.ts";
import type { Pages, SignedInView, ViewDeps } from "../page/view.ts";
import { supportCharts } from "./support-charts.ts";

const ranges = [7, 30, 90] as const;
const dayMs = 86_400_000;

/** The overview: charts, inboxes with their lag, and what nearly was a notice. */
export const supportPages = (pages: Pages, { database }: ViewDeps): void => {
  pages.get("/support", "support", async (view) => {
    const { read } = database;
    const days = ranges.find((range) => String(range) === view.field("days")) ?? 30;
    const inboxes = await seenInboxes(read, view);
    const title = view.t("support.title");
    const content = html`<h1>${title}</h1>
<nav aria-label="${view.t("support.range")}"><ul class="ranges">${ranges.map(
      (range) =>
        html`<li><a href="/support?days=${range}"${range === days && html` aria-current="true"`}>${view.t("support.days", { n: range })}</a></li>`,
    )}</ul></nav>
<p class="quiet">${view.t("page.timeline.asOf", { time: view.time(view.now) })} ${view.timeZone}</p>
${await supportCharts(read, view, inboxes, days)}
${inboxTable(view, inboxes)}
${await nearMisses(read, view, days)}`;
    return { title, content, wide: true };
  });
};

/** How late an inbox's next poll is, in milliseconds; null where none is planned. */
const lagOf = ({ nextPollAt }: Inbox, now: number): number | null => (nextPollAt === null ? null : Math.max(0, now - nextPollAt));

const mostInboxes = 50;

/** Inboxes, the latest first: those that are not polled, then by their lag. */
const inboxTable = (view: SignedInView, inboxes: readonly Inbox[]): Html | null => {
  const late = (inbox: Inbox): number => lagOf(inbox, view.now) ?? Number.POSITIVE_INFINITY;
  const shown = inboxes
    .filter(({ state }) => state !== "erased")
    .toSorted((a, b) => (late(a) === late(b) ? 0 : late(b) - late(a)) || (a.address < b.address ? -1 : 1))
    .slice(0, mostInboxes);
  if (shown.length === 0) return null;
  const minutes = (lag: number): string =>
    lag < 60_000 ? view.t("support.onTime") : view.t("support.minutes", { n: view.number(Math.round(lag / 60_000)) });
  const name = view.t("nav.inboxes");
  return html`<h2>${name}</h2>
<div class="scroll" role="group" aria-label="${name}" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("support.inbox")}</th><th scope="col">${view.t("support.state")}</th><th scope="col" class="number">${view.t("support.lag")}</th><th scope="col">${view.t("support.lastMail")}</th></tr></thead>
<tbody>${shown.map((inbox) => {
    const lag = lagOf(inbox, view.now);
    return html`<tr><th scope="row"><a href="/inboxes/${inbox.id}">${inbox.address}</a></th><td>${view.t(`inboxState.${inbox.state}`)}</td>
<td class="number">${lag === null ? view.t("support.notPolled") : minutes(lag)}</td><td>${inbox.lastMailAt === null ? "–" : view.time(inbox.lastMailAt)}</td></tr>`;
  })}</tbody></table></div>`;
};

const nearMisses = async (read: Read, view: SignedInView, days: number): Promise<Html> => {
  const groups = await listNearMisses(read, view.accountId, view.now - Math.min(days, 30) * dayMs);
  const title = view.t("support.nearMisses");
  const table = html`<div class="scroll" role="group" aria-label="${title}" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("support.writer")}</th><th scope="col" class="number">${view.t("support.count")}</th><th scope="col">${view.t("support.turnedOut")}</th><th scope="col">${view.t("support.form")}</th><th scope="col">${view.t("support.newest")}</th><td></td></tr></thead>
<tbody>${groups.map((group) => nearMissRow(view, group))}</tbody></table></div>`;
  return html`<h2>${title}</h2>
<p class="quiet">${view.t("support.nearMissesWhy")}</p>
${groups.length === 0 ? html`<p>${view.t("support.nearMissesNone")}</p>` : table}`;
};

const nearMissRow = (view: SignedInView, { domain, kind, type, signs, count, newestAt, example }: NearMissGroup): Html => {
  const writer = domain || view.t("support.person");
  const what = kind === null ? view.t("support.notOpened") : view.t(`noticeKind.${kind}` as TextKey);
  const said = signs.length === 0 ? view.t("sign.none") : signs.map((sign) => view.t(`sign.${sign}`)).join(", ");
  const why = `/why?${new URLSearchParams({ inbox: example.inboxId, ref: example.ref })}`;
  return html`<tr><th scope="row">${writer}</th><td class="number">${view.number(count)}</td><td>${what}</td><td><code>${type}</code><br>${said}</td><td>${view.time(newestAt)}</td>
<td><a href="${why}" aria-label="${view.t("support.exampleOf", { writer, what })}">${view.t("support.example")}</a></td></tr>`;
};
