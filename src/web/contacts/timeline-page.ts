import { addressKey } from "../../bounces/keys.ts";
import { categories } from "../../bounces/report.ts";
import type { TextKey } from "../../messages/text.ts";
import { type Engagement, type EngagementFilter, listEngagements } from "../../store/engagements.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { noticeLinks } from "../../sync/notice-links.ts";
import { seenInboxes } from "../inboxes/visible-inboxes.ts";
import { type Html, html } from "../page/html.ts";
import type { Pages, SignedInView, View } from "../page/view.ts";
import { bounceCard, signs } from "./bounce-card.ts";
import type { ContactPageDeps } from "./contact-page.ts";

const states = Object.keys(signs) as (keyof typeof signs)[];

/** The bounces of an account, newest first, each with the server's words, what it means and what to do. Sales users see their own. */
export const timelinePages = (pages: Pages, { database, connecting }: ContactPageDeps): void => {
  const { read } = database;
  const describe = async (provider: string) => (await connecting.loadConnector(provider))?.describe ?? null;

  pages.get("/timeline", "sales", async (view) => {
    const inboxes = await seenInboxes(read, view);
    const asked = askedFor(view);
    const filter = filterOf(view, inboxes, asked);
    const found = await listEngagements(read, view.accountId, { ...filter, limit: 100, cursor: view.field("cursor") || null });
    const ids = found.data.map((bounce) => bounce.noticeId);
    const links = await noticeLinks(read, describe, view.accountId, ids);
    const title = view.t("page.timeline.title");
    return {
      title,
      content: html`<h1>${title}</h1>
<p class="quiet">${view.t("page.timeline.asOf", { time: view.time(view.now) })} ${view.timeZone}</p>
${filterForm(view, inboxes, asked)}
${found.data.length === 0 ? html`<p>${view.t(isNarrowed(asked) ? "filter.none" : "page.timeline.empty")}</p>` : counts(view, found.data)}
<ol class="timeline">
${found.data.map((bounce) => bounceCard(view, bounce, { level: 2, linksContact: true, links }))}
</ol>
${found.nextCursor && html`<p><a href="?${olderQuery(asked, found.nextCursor)}">${view.t("page.timeline.older")}</a></p>`}`,
    };
  });
};

const fields = ["state", "category", "inbox", "address"] as const;
type Asked = Record<(typeof fields)[number], string>;

const askedFor = (view: View): Asked => ({
  state: view.field("state"),
  category: view.field("category"),
  inbox: view.field("inbox"),
  address: view.field("address").trim().slice(0, 320),
});

const isNarrowed = (asked: Asked): boolean => fields.some((name) => asked[name] !== "");

/** What was asked for that there is; an inbox of others' is none of a sales user's. */
const filterOf = (view: SignedInView, inboxes: readonly Inbox[], asked: Asked): EngagementFilter => {
  const state = states.find((one) => one === asked.state);
  const category = categories.find((one) => one === asked.category);
  const narrowed = asked.inbox !== "" || view.role === "sales";
  const chosen = inboxes.filter(({ id }) => asked.inbox === "" || id === asked.inbox);
  return {
    state: state && [state],
    category: category && [category],
    inboxIds: narrowed ? chosen.map(({ id }) => id) : undefined,
    recipientBegins: asked.address === "" ? undefined : addressKey(asked.address),
  };
};

const olderQuery = (asked: Asked, cursor: string): string =>
  new URLSearchParams({
    ...Object.fromEntries(fields.filter((name) => asked[name] !== "").map((name) => [name, asked[name]])),
    cursor,
  }).toString();

const filterForm = (view: SignedInView, inboxes: readonly Inbox[], asked: Asked): Html => {
  const choice = (
    name: "state" | "category" | "inbox",
    label: TextKey,
    options: readonly (readonly [value: string, words: string])[],
  ): Html =>
    html`<label>${view.t(label)}<select name="${name}"><option value="">${view.t("filter.any")}</option>${options.map(
      ([value, words]) => html`<option value="${value}"${value === asked[name] && html` selected`}>${words}</option>`,
    )}</select></label>`;
  return html`<form method="get" action="/timeline" class="filter">
${choice(
  "state",
  "filter.state",
  states.map((state) => [state, view.t(`type.${state}`)]),
)}
${choice(
  "category",
  "filter.category",
  categories.map((category) => [category, view.t(`category.${category}`)]),
)}
${
  inboxes.length > 1 &&
  choice(
    "inbox",
    "filter.inbox",
    inboxes.map(({ id, address }) => [id, address]),
  )
}
<label>${view.t("filter.address")}<input name="address" value="${asked.address}" placeholder="${view.t("filter.addressHint")}" autocomplete="off"></label>
<button>${view.t("filter.show")}</button>
${isNarrowed(asked) && html`<a href="/timeline">${view.t("filter.clear")}</a>`}
</form>`;
};

const counts = (view: View, bounces: readonly Engagement[]): Html => {
  const some = states.map((state) => ({ state, n: bounces.filter((bounce) => bounce.state === state).length })).filter(({ n }) => n > 0);
  return html`<ul class="counts">${some.map(({ state, n }) => html`<li><b>${view.number(n)}</b> ${view.t(`type.${state}`)}</li>`)}</ul>`;
};
