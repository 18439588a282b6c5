import { engagementText } from "../../messages/engagement-text.ts";
import type { Engagement } from "../../store/engagements.ts";
import type { NoticeLink } from "../../sync/notice-links.ts";
import { type Html, html } from "../page/html.ts";
import type { View } from "../page/view.ts";

/** A sign beside the colour, so that the state can be told without it. */
export const signs = { hard: "✕", soft: "↺", pending: "…", delivered: "✓", retracted: "–" } as const;

export type CardOptions = {
  /** Of its heading. */
  level: 2 | 3;
  /** False on the contact's own page. */
  linksContact: boolean;
  /** Where notices can be opened, by their ids. */
  links: ReadonlyMap<string, NoticeLink>;
};

/** One bounce on a timeline. */
export const bounceCard = (view: View, bounce: Engagement, options: CardOptions): Html => {
  const { recipient, sentMessage, server } = bounce;
  const said = engagementText(view.language, bounce, view.timeZone);
  const { level, linksContact } = options;
  return html`<li class="bounce ${bounce.state}">
<h${level}><span aria-hidden="true">${signs[bounce.state]}</span>${said.title}</h${level}>
<p class="who">${linksContact ? html`<a href="/contacts/${bounce.contactId}">${recipient.address}</a>` : recipient.address}${othersOf(view, recipient)}</p>
<p>${view.t("page.timeline.quoted", { words: sentMessage.subject ?? "–" })}${sentMessage.from && ` · ${sentMessage.from}`} <span class="quiet">· ${timeOf(view, bounce.occurredAt)}</span></p>
<p>${said.meaning}</p>
${said.likelyCause && html`<p>${said.likelyCause}</p>`}
${said.actions.length > 0 && html`<ul class="do">${said.actions.map((action) => html`<li>${action.text}</li>`)}</ul>`}
${said.letter && html`<details><summary>${view.t("page.timeline.letter")}</summary><p><strong>${said.letter.subject}</strong></p><pre>${said.letter.body}</pre></details>`}
${server?.diagnostic && html`<blockquote lang="${server.language ?? "en"}">${server.diagnostic}</blockquote>`}
<details><summary>${view.t("page.timeline.details")}</summary>${details(view, bounce, options)}</details>
</li>
`;
};

/** A moment, for people and for programs. */
export const timeOf = (view: View, at: number): Html => html`<time datetime="${new Date(at).toISOString()}">${view.time(at)}</time>`;

const othersOf = (view: View, { othersFailed, othersTotal }: Engagement["recipient"]): Html | null =>
  othersTotal === 0
    ? null
    : html` <span class="quiet">· ${view.t("page.timeline.others", { failed: othersFailed + 1, total: othersTotal + 1 })}</span>`;

const details = (view: View, { recipient, server, match, reason, noticeId, sentMessageId, history }: Engagement, options: CardOptions) => {
  const rows: [string, Html | string | number | null | undefined][] = [
    ["Status", server?.status],
    ["Remote-MTA", server?.remoteMta],
    ["Reporting-MTA", server?.reportingMta],
    [view.t("page.timeline.reason"), reason],
    [view.t("page.timeline.match"), match && view.t(`rule.${match.rule}`)],
    [view.t("page.timeline.reported"), recipient.relation === "same" ? null : recipient.reportedAddress],
    [view.t("page.timeline.message"), html`<a href="/sends/${sentMessageId}">${view.t("page.timeline.allRecipients")}</a>`],
    [view.t("page.timeline.notice"), noticeId && noticeOf(view, noticeId, options)],
    [view.t("page.timeline.history"), historyOf(view, history)],
  ];
  return html`<dl>${rows.filter(([, value]) => value != null).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
};

const noticeOf = (view: View, noticeId: string, { links }: CardOptions): Html => {
  const link = links.get(noticeId);
  if (!link) return html`${noticeId}`;
  return html`<a href="${link.url}" rel="noreferrer">${view.t("page.timeline.open", { provider: link.provider })}</a> <span class="quiet">${view.t("page.timeline.openableBy", { mailbox: link.mailbox })}</span>`;
};

/** How it came to its state, step by step. */
const historyOf = (view: View, history: Engagement["history"]): Html =>
  html`<ol class="history">${history.map(
    ({ state, at, because, noticeId }) =>
      html`<li>${timeOf(view, at)} · ${view.t(`type.${state}`)}: ${view.t(`because.${because}`)}${noticeId && html` <span class="quiet">${noticeId}</span>`}</li>`,
  )}</ol>`;
