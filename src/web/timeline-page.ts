import { engagementText } from "../messages/engagement-text.ts";
import { type Language, text, timeText } from "../messages/text.ts";
import type { Read } from "../ports/database.ts";
import { type Engagement, listEngagements } from "../store/engagements.ts";
import { type Html, html } from "./html.ts";
import { layout } from "./layout.ts";

/** A sign beside the colour, so that the state can be told without it. */
const signs = { hard: "✕", soft: "↺", pending: "…", delivered: "✓", retracted: "–" } as const;

/** The bounces of an account, newest first, each with the server's words, what it means and what to do. */
export const timelinePage = async (
  read: Read,
  accountId: string,
  view: { language: Language; cursor: string | undefined; now: number },
): Promise<string> => {
  const { language, now } = view;
  const found = await listEngagements(read, accountId, { limit: 100, cursor: view.cursor });
  const title = text(language, "page.timeline.title");
  const content = html`<h1>${title}</h1>
<p class="quiet">${text(language, "page.timeline.asOf", { time: timeText(language, now) })} UTC</p>
${found.data.length === 0 ? html`<p>${text(language, "page.timeline.empty")}</p>` : counts(language, found.data)}
<ol class="timeline">
${found.data.map((bounce) => card(language, bounce))}
</ol>
${found.nextCursor && html`<p><a href="?cursor=${found.nextCursor}">${text(language, "page.timeline.older")}</a></p>`}`;
  return layout(language, title, content);
};

const counts = (language: Language, bounces: readonly Engagement[]): Html => {
  const states = Object.keys(signs) as (keyof typeof signs)[];
  const some = states.map((state) => ({ state, n: bounces.filter((bounce) => bounce.state === state).length })).filter(({ n }) => n > 0);
  return html`<ul class="counts">${some.map(({ state, n }) => html`<li><b>${n}</b> ${text(language, `type.${state}`)}</li>`)}</ul>`;
};

const card = (language: Language, bounce: Engagement): Html => {
  const { recipient, sentMessage, server } = bounce;
  const said = engagementText(language, bounce);
  return html`<li class="bounce ${bounce.state}">
<h2><span aria-hidden="true">${signs[bounce.state]}</span>${said.title}</h2>
<p class="who">${recipient.address}</p>
<p>“${sentMessage.subject ?? "–"}”${sentMessage.from && ` · ${sentMessage.from}`} <span class="quiet">· <time datetime="${new Date(bounce.occurredAt).toISOString()}">${timeText(language, bounce.occurredAt)}</time></span></p>
<p>${said.meaning}</p>
${said.likelyCause && html`<p>${said.likelyCause}</p>`}
${said.actions.length > 0 && html`<ul class="do">${said.actions.map((action) => html`<li>${action.text}</li>`)}</ul>`}
${said.letter && html`<details><summary>${text(language, "page.timeline.letter")}</summary><p><strong>${said.letter.subject}</strong></p><pre>${said.letter.body}</pre></details>`}
${server?.diagnostic && html`<blockquote lang="${server.language ?? "en"}">${server.diagnostic}</blockquote>`}
<details><summary>${text(language, "page.timeline.details")}</summary>${details(language, bounce)}</details>
</li>
`;
};

const details = (language: Language, { recipient, server, match, reason, noticeId }: Engagement): Html => {
  const rows: [string, string | number | null | undefined][] = [
    ["Status", server?.status],
    ["Remote-MTA", server?.remoteMta],
    ["Reporting-MTA", server?.reportingMta],
    [text(language, "page.timeline.reason"), reason],
    [text(language, "page.timeline.match"), match && text(language, `rule.${match.rule}`)],
    [text(language, "page.timeline.reported"), recipient.relation === "same" ? null : recipient.reportedAddress],
    [
      text(language, "page.timeline.recipients"),
      recipient.othersTotal === 0
        ? null
        : text(language, "page.timeline.others", { failed: recipient.othersFailed + 1, total: recipient.othersTotal + 1 }),
    ],
    [text(language, "page.timeline.notice"), noticeId],
  ];
  return html`<dl>${rows.filter(([, value]) => value != null).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
};
