import { said } from "../../messages/said.ts";
import type { TextKey } from "../../messages/text.ts";
import { type NoticeDecision, readDecisions } from "../../store/notice-decisions.ts";
import { answerShare, askToShare } from "../../store/notice-shares.ts";
import type { Notice } from "../../store/notices.ts";
import { readSentMessages, type SentMessage } from "../../store/sent-messages.ts";
import { readTrace, type Trace } from "../../store/traces.ts";
import { untiedStates } from "../../store/untied-notices.ts";
import { listUsers } from "../../store/users.ts";
import { type Html, html } from "../page/html.ts";
import { notFoundPage, type Pages, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import { accessTo, maskedSubject, type NoticeAccess } from "./notice-access.ts";
import { aboutWhom, decideForm, reasonOf, serverWords } from "./notice-card.ts";
import { shareBlock } from "./share-forms.ts";

/** One notice: what was read in it, how it was matched, and who may read it. */
export const noticePages = (pages: Pages, { database, now }: ViewDeps): void => {
  const { read } = database;
  const idOf = (view: SignedInView): string => (view.request.params as { id: string }).id;

  const show = async (view: SignedInView, above: Html | null, status = 200): Promise<Shown> => {
    const access = await accessTo(read, view, idOf(view));
    if (!access) return notFoundPage(view);
    const { notice } = access;
    const offered = notice.matches.flatMap(({ suggestions, match }) => [
      ...suggestions.map(({ sentMessageId }) => sentMessageId),
      ...(match ? [match.sentMessageId] : []),
    ]);
    const sent = await readSentMessages(read, view.accountId, offered);
    const decision = (await readDecisions(read, view.accountId, [notice.id])).get(notice.id);
    const trace = await readTrace(read, view.accountId, notice.inboxId, notice.ref);
    const title = view.t("notice.title", { who: aboutWhom(view, notice) });
    return {
      title,
      wide: true,
      status,
      content: html`<h1>${title}</h1>
${above}
<p class="notice-state">${view.t(`noticeState.${notice.state}`)}</p>
${facts(view, access)}
<h2>${view.t("notice.recipients")}</h2>${recipientTable(view, notice)}
<h2>${view.t("notice.original")}</h2>${original(view, access)}
<h2>${view.t("notice.matching")}</h2>${matching(view, access, sent, decision)}
<h2>${view.t("notice.steps")}</h2>${steps(view, trace)}
<h2>${view.t("notice.text")}</h2>
${access.mayRead && readLinks(view, notice)}
${shareBlock(view, access, await listUsers(read, view.accountId))}`,
    };
  };

  pages.get("/notices/:id", "sales", (view) => show(view, null));

  pages.post("/notices/:id/ask", "support", async (view) => {
    const access = await accessTo(read, view, idOf(view));
    if (!access) return notFoundPage(view);
    const by = { userId: view.user?.id ?? null, note: view.field("note").trim().slice(0, 500) };
    // Nobody to answer: nothing is asked.
    if (access.owner && !access.own) await database.transaction((tx) => askToShare(tx, view.accountId, access.notice.id, by, now()));
    return { redirect: `/notices/${access.notice.id}` };
  });

  pages.post("/notices/:id/share", "sales", async (view) => {
    const access = await accessTo(read, view, idOf(view));
    if (!access?.own || !view.user) return notFoundPage(view);
    const state = (["shared", "declined", "ended"] as const).find((one) => one === view.field("answer"));
    const userId = view.user.id;
    const done = state && (await database.transaction((tx) => answerShare(tx, view.accountId, access.notice.id, { state, userId }, now())));
    if (!done) return show(view, html`<p class="fault" role="alert">${view.t("share.nothing")}</p>`, 409);
    return { redirect: `/notices/${access.notice.id}` };
  });
};

const list = (rows: readonly (readonly [string, string | number | Html | null | undefined])[]): Html =>
  html`<dl>${rows.filter(([, value]) => value != null && value !== "").map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

/** A subject, whole for its owner alone. */
const subjectOf = (view: SignedInView, { mayRead }: NoticeAccess, subject: string | null): Html | null =>
  subject === null
    ? null
    : mayRead
      ? html`${subject}`
      : html`${maskedSubject(subject)} <span class="quiet">(${view.t("notice.masked")})</span>`;

const facts = (view: SignedInView, access: NoticeAccess): Html => {
  const { notice, inbox } = access;
  const { report } = notice;
  return list([
    [view.t("notice.received"), view.time(notice.receivedAt)],
    [view.t("notices.inbox"), inbox.address],
    [view.t("notice.folder"), notice.folder],
    [view.t("notice.kind"), view.t(`noticeKind.${notice.kind}`)],
    [view.t("notice.format"), notice.format],
    [view.t("notice.server"), report.reportingMta],
    [
      view.t("notice.language"),
      report.language && (new Intl.DisplayNames(view.language, { type: "language" }).of(report.language) ?? report.language),
    ],
    [view.t("notice.subject"), subjectOf(view, access, report.notice.subject)],
  ]);
};

const mostRecipients = 100;

const recipientTable = (view: SignedInView, { report }: Notice): Html => {
  const { recipients, language } = report;
  if (recipients.length === 0) return html`<p>${view.t("notice.noRecipients")}</p>`;
  const names = ["recipient", "action", "status", "type", "category", "reason", "rule"] as const;
  const row = (
    one: (typeof recipients)[number],
  ): Html => html`<tr><th scope="row">${one.address}${one.originalAddress && html`<br><span class="quiet">${view.t("notice.writtenTo", { address: one.originalAddress })}</span>`}</th>
<td>${view.t(`noticeAction.${one.action}`)}</td><td>${one.status ?? "–"}${one.smtpCode !== null && html` (${one.smtpCode})`}</td><td>${one.type === "none" ? "–" : view.t(`type.${one.type}`)}</td>
<td>${one.category ? view.t(`category.${one.category}`) : "–"}</td><td>${one.reason ?? "–"}</td><td><code>${one.rule}</code></td></tr>
${one.diagnostic !== null && html`<tr class="words"><td colspan="7">${serverWords(one, language)}${one.remoteMta && html`<span class="quiet">${one.remoteMta}</span>`}</td></tr>`}`;
  return html`<div class="scroll" role="group" aria-label="${view.t("notice.recipients")}" tabindex="0"><table>
<thead><tr>${names.map((name) => html`<th scope="col">${view.t(`notice.${name}`)}</th>`)}</tr></thead>
<tbody>${recipients.slice(0, mostRecipients).map(row)}</tbody></table></div>
${recipients.length > mostRecipients && html`<p>${view.t("notices.more", { n: view.number(recipients.length - mostRecipients) })}</p>`}`;
};

const original = (view: SignedInView, access: NoticeAccess): Html => {
  const { original: named } = access.notice.report;
  if (named.messageId === null && named.subject === null && named.to.length === 0) return html`<p>${view.t("notice.originalNone")}</p>`;
  return list([
    [view.t("notice.messageId"), named.messageId && html`<code>${named.messageId}</code>`],
    [view.t("notice.subject"), subjectOf(view, access, named.subject)],
    [view.t("notice.from"), named.from],
    [view.t("notice.to"), named.to.slice(0, 20).join(", ")],
    [view.t("notice.date"), named.date && view.time(named.date)],
    [view.t("notice.foundIn"), named.foundIn],
  ]);
};

const matching = (
  view: SignedInView,
  access: NoticeAccess,
  sent: ReadonlyMap<string, SentMessage>,
  decision: NoticeDecision | undefined,
): Html => {
  const { notice, inbox } = access;
  const candidate = (id: string, rule: string): Html => {
    const message = sent.get(id);
    return html`<li>${subjectOf(view, access, message?.subject ?? "–")} · ${
      message &&
      view.t("decide.sent", {
        time: view.time(message.sentAt),
        to: message.recipients
          .slice(0, 3)
          .map(({ address }) => address)
          .join(", "),
      })
    }<br><span class="quiet">${view.t("decide.by", { rule: view.t(`rule.${rule}` as TextKey) })}</span></li>`;
  };
  const open = (untiedStates as readonly string[]).includes(notice.state);
  return html`${decision && html`<p>${view.t("decide.saidBy", { who: decision.by, date: view.time(notice.updatedAt) })}</p>`}
<ul class="matching">${notice.matches.slice(0, mostRecipients).map(
    ({ address, because, match, suggestions, engagementId }) => html`<li><b>${address}</b>
${match && html`<p>${view.t("notice.tiedTo", { rule: view.t(`rule.${match.rule}`) })}</p>`}${reasonOf(view, because)}
${(match || suggestions.length > 0) && html`<ul>${match ? candidate(match.sentMessageId, match.rule) : suggestions.map((one) => candidate(one.sentMessageId, one.rule))}</ul>`}
${engagementId && html`<p><a href="/timeline">${view.t("notice.onTimeline")}</a></p>`}</li>`,
  )}</ul>
${open && decideForm(view, notice, inbox, sent)}`;
};

const steps = (view: SignedInView, trace: Trace | null): Html =>
  trace === null
    ? html`<p>${view.t("notice.stepsGone")}</p>`
    : html`<ol class="trace-steps">${trace.steps.map(({ step, because }) => {
        const { text, language } = said(view.language, because);
        return html`<li><span lang="${language}">${text}</span> <code class="quiet">${step}</code></li>`;
      })}</ol>`;

const readLinks = (
  view: SignedInView,
  { id }: Notice,
): Html => html`<p class="actions"><a href="/notices/${id}/text">${view.t("notice.read")}</a>
<a href="/notices/${id}/notice.eml" download>${view.t("notice.download")}</a>
<a href="/notices/${id}/redacted.eml" download>${view.t("notice.redacted")}</a></p><p class="quiet">${view.t("notice.redactedWhy")}</p>`;
