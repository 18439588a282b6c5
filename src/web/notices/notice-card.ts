import type { RecipientOutcome } from "../../bounces/report.ts";
import { said } from "../../messages/said.ts";
import type { Inbox } from "../../store/inboxes.ts";
import type { Notice } from "../../store/notices.ts";
import type { SentMessage } from "../../store/sent-messages.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, type SignedInView } from "../page/view.ts";
import { isMine, maskedSubject } from "./notice-access.ts";

/** The messages a notice might be about. */
export const offeredIds = ({ matches }: Notice): string[] => [
  ...new Set(matches.flatMap(({ suggestions }) => suggestions.map((one) => one.sentMessageId))),
];

/** Whom a notice is about: the first three, and how many more. */
export const aboutWhom = (view: SignedInView, { report }: Notice): string => {
  const addresses = [...new Set(report.recipients.map(({ address }) => address))];
  if (addresses.length === 0) return view.t("notices.nobody");
  const more = addresses.length > 3 ? ` ${view.t("notices.more", { n: view.number(addresses.length - 3) })}` : "";
  return `${addresses.slice(0, 3).join(", ")}${more}`;
};

/** What the server said, in its own language. */
export const serverWords = ({ diagnostic }: Pick<RecipientOutcome, "diagnostic">, language: string | null): Html | null =>
  diagnostic === null ? null : html`<blockquote lang="${language ?? "en"}">${diagnostic.slice(0, 2000)}</blockquote>`;

/** Why a notice was tied to a message, or why not. */
export const reasonOf = ({ language }: SignedInView, because: string): Html => {
  const reason = said(language, because);
  return html`<p lang="${reason.language}">${reason.text}</p>`;
};

/** One notice of the queue, with what can be decided about it. */
export const queueCard = (view: SignedInView, notice: Notice, inbox: Inbox | null, sent: ReadonlyMap<string, SentMessage>): Html => {
  const [first] = notice.report.recipients;
  const suggested = offeredIds(notice).length > 0;
  return html`<li class="notice">
<h2><a href="/notices/${notice.id}">${aboutWhom(view, notice)}</a></h2>
<p class="notice-state">${view.t(`noticeState.${suggested ? "suggested" : notice.state}`)}${notice.kind === "unread_notice" && html` · ${view.t("noticeKind.unread_notice")}`}</p>
<p class="quiet">${view.t("notices.received", { time: view.time(notice.receivedAt), inbox: inbox?.address ?? "…" })}</p>
${first && serverWords(first, notice.report.language)}
${[...new Set(notice.matches.map(({ because }) => because))].slice(0, 3).map((because) => reasonOf(view, because))}
${notice.state === "waiting" && notice.waitsUntil !== null && html`<p>${view.t("notices.waitsUntil", { time: view.time(notice.waitsUntil) })}</p>`}
${suggested ? decideForm(view, notice, inbox, sent) : html`<details><summary>${view.t("decide.dismiss")}?</summary>${decideForm(view, notice, inbox, sent)}</details>`}
</li>`;
};

/** The suggestions to choose from, each with its reason; without one only what sets the notice aside. */
export const decideForm = (view: SignedInView, notice: Notice, inbox: Inbox | null, sent: ReadonlyMap<string, SentMessage>): Html => {
  const suggestions = new Map(notice.matches.flatMap(({ suggestions: some }) => some.map((one) => [one.sentMessageId, one.rule])));
  const readable = inbox !== null && isMine(view, inbox);
  const choices = [...suggestions].flatMap(([id, rule]) => {
    const message = sent.get(id);
    if (!message) return [];
    const subject = message.subject === null ? "–" : readable ? message.subject : maskedSubject(message.subject);
    const to = message.recipients
      .slice(0, 3)
      .map(({ address }) => address)
      .join(", ");
    return html`<label class="choice"><input type="radio" name="sentMessageId" value="${id}"${suggestions.size === 1 && html` checked`}> <span><b>“${subject}”</b> ${view.t("decide.sent", { time: view.time(message.sentAt), to })}<br><span class="quiet">${view.t("decide.by", { rule: view.t(`rule.${rule}`) })}</span></span></label>`;
  });
  return html`<form method="post" action="/notices/${notice.id}/decide">${csrfField(view)}<input type="hidden" name="state" value="${view.field("state")}"><input type="hidden" name="inbox" value="${view.field("inbox")}">
${choices.length > 0 ? html`<fieldset><legend>${view.t("decide.which")}</legend>${choices}</fieldset>` : html`<p>${view.t("decide.noneFits")}</p>`}
<label>${view.t("decide.note")}<input name="note" maxlength="1000"></label>
<div class="actions">${choices.length > 0 && html`<button name="decision" value="confirm">${view.t("decide.confirm")}</button>`}<button class="${choices.length > 0 ? "plain" : ""}" name="decision" value="dismiss">${view.t("decide.dismiss")}</button></div></form>`;
};
