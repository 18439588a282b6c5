import { engagementText } from "../messages/engagement-text.ts";
import { type Engagement, listEngagements } from "../store/engagements.ts";
import { type Html, html } from "./html.ts";
import type { Pages, View, ViewDeps } from "./view.ts";
import { visibleInboxes } from "./visible-inboxes.ts";

/** A sign beside the colour, so that the state can be told without it. */
const signs = { hard: "✕", soft: "↺", pending: "…", delivered: "✓", retracted: "–" } as const;

/** The bounces of an account, newest first, each with the server's words, what it means and what to do. Sales users see their own. */
export const timelinePages = (pages: Pages, { database }: ViewDeps): void => {
  pages.get("/timeline", "sales", async (view) => {
    const own = await visibleInboxes(database.read, view);
    const found = await listEngagements(database.read, view.accountId, { limit: 100, cursor: view.field("cursor") || null, inboxIds: own });
    const title = view.t("page.timeline.title");
    return {
      title,
      content: html`<h1>${title}</h1>
<p class="quiet">${view.t("page.timeline.asOf", { time: view.time(view.now) })} ${view.timeZone}</p>
${found.data.length === 0 ? html`<p>${view.t("page.timeline.empty")}</p>` : counts(view, found.data)}
<ol class="timeline">
${found.data.map((bounce) => bounceCard(view, bounce))}
</ol>
${found.nextCursor && html`<p><a href="?cursor=${found.nextCursor}">${view.t("page.timeline.older")}</a></p>`}`,
    };
  });
};

const counts = (view: View, bounces: readonly Engagement[]): Html => {
  const states = Object.keys(signs) as (keyof typeof signs)[];
  const some = states.map((state) => ({ state, n: bounces.filter((bounce) => bounce.state === state).length })).filter(({ n }) => n > 0);
  return html`<ul class="counts">${some.map(({ state, n }) => html`<li><b>${n}</b> ${view.t(`type.${state}`)}</li>`)}</ul>`;
};

/** One bounce on a timeline. */
export const bounceCard = (view: View, bounce: Engagement): Html => {
  const { recipient, sentMessage, server } = bounce;
  const said = engagementText(view.language, bounce, view.timeZone);
  return html`<li class="bounce ${bounce.state}">
<h2><span aria-hidden="true">${signs[bounce.state]}</span>${said.title}</h2>
<p class="who">${recipient.address}</p>
<p>“${sentMessage.subject ?? "–"}”${sentMessage.from && ` · ${sentMessage.from}`} <span class="quiet">· <time datetime="${new Date(bounce.occurredAt).toISOString()}">${view.time(bounce.occurredAt)}</time></span></p>
<p>${said.meaning}</p>
${said.likelyCause && html`<p>${said.likelyCause}</p>`}
${said.actions.length > 0 && html`<ul class="do">${said.actions.map((action) => html`<li>${action.text}</li>`)}</ul>`}
${said.letter && html`<details><summary>${view.t("page.timeline.letter")}</summary><p><strong>${said.letter.subject}</strong></p><pre>${said.letter.body}</pre></details>`}
${server?.diagnostic && html`<blockquote lang="${server.language ?? "en"}">${server.diagnostic}</blockquote>`}
<details><summary>${view.t("page.timeline.details")}</summary>${details(view, bounce)}</details>
</li>
`;
};

const details = (view: View, { recipient, server, match, reason, noticeId }: Engagement): Html => {
  const rows: [string, string | number | null | undefined][] = [
    ["Status", server?.status],
    ["Remote-MTA", server?.remoteMta],
    ["Reporting-MTA", server?.reportingMta],
    [view.t("page.timeline.reason"), reason],
    [view.t("page.timeline.match"), match && view.t(`rule.${match.rule}`)],
    [view.t("page.timeline.reported"), recipient.relation === "same" ? null : recipient.reportedAddress],
    [
      view.t("page.timeline.recipients"),
      recipient.othersTotal === 0
        ? null
        : view.t("page.timeline.others", { failed: recipient.othersFailed + 1, total: recipient.othersTotal + 1 }),
    ],
    [view.t("page.timeline.notice"), noticeId],
  ];
  return html`<dl>${rows.filter(([, value]) => value != null).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
};
