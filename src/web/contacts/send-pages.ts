import { csvLine } from "../../messages/csv-line.ts";
import type { EngagementState, Read } from "../../ports/database.ts";
import { listEngagements } from "../../store/engagements.ts";
import { listSendRecipients, type SendOrMessage, type SendRecipient } from "../../store/send-recipients.ts";
import { listSends, readSendFigures, type Send, type SendFigures } from "../../store/sends.ts";
import { getSentMessage, listSentMessages, type SentMessage } from "../../store/sent-messages.ts";
import { visibleInboxes } from "../inboxes/visible-inboxes.ts";
import { type Html, html } from "../page/html.ts";
import { notFoundPage, type Pages, type SignedInView, type ViewDeps } from "../page/view.ts";
import { signs, timeOf } from "./bounce-card.ts";

/** Sends with their recipients, and single messages with theirs. Sales users see the messages of their own inboxes. */
export const sendPages = (pages: Pages, { database }: ViewDeps): void => {
  const { read } = database;

  pages.get("/sends", "support", async (view) => {
    const found = await listSends(read, view.accountId, { cursor: view.field("cursor") || null });
    const title = view.t("sends.title");
    return {
      title,
      content: html`<h1>${title}</h1>
${found.data.length === 0 ? html`<p>${view.t("sends.empty")}</p>` : sendsTable(view, found.data)}
${found.nextCursor && html`<p><a href="?cursor=${found.nextCursor}">${view.t("sends.older")}</a></p>`}`,
    };
  });

  pages.get("/sends/:id", "sales", async (view) => {
    const opened = await openSend(read, view);
    if (!opened) return notFoundPage(view);
    const show = shownOf(view);
    const figures = await readSendFigures(read, view.accountId, opened.of);
    const cursor = view.field("cursor") || null;
    const found = await listSendRecipients(read, view.accountId, opened.of, { limit: 100, cursor, state: statesOf[show] });
    const { sample } = opened;
    const title = "sendId" in opened.of ? opened.of.sendId : view.t("send.messageTitle");
    const more = found.nextCursor && new URLSearchParams({ ...(show !== "all" && { show }), cursor: found.nextCursor }).toString();
    return {
      title,
      wide: true,
      content: html`<h1>${title}</h1>
<dl class="facts">
<dt>${view.t("sends.subject")}</dt><dd>${sample.subject ?? "–"}</dd>
<dt>${view.t("send.from")}</dt><dd>${sample.from ?? "–"}</dd>
<dt>${view.t("sendId" in opened.of ? "sends.lastSent" : "send.sentAt")}</dt><dd>${timeOf(view, sample.sentAt)}</dd>
</dl>
<h2>${view.t("send.figures")}</h2>
${figuresOf(view, figures)}
<h2>${view.t("send.recipients")}</h2>
${filterLinks(view, show)}
${found.data.length === 0 ? html`<p>${view.t(show === "all" ? "send.noneAll" : "send.noneBounced")}</p>` : recipientsTable(view, found.data)}
${more && html`<p><a href="?${more}">${view.t("send.more")}</a></p>`}
<p><a href="/sends/${encodeURIComponent(idOf(view))}/recipients.csv${show !== "all" && `?show=${show}`}" download>${view.t("send.csv")}</a></p>`,
    };
  });

  pages.get("/sends/:id/recipients.csv", "sales", async (view) => {
    const opened = await openSend(read, view);
    if (!opened) return notFoundPage(view);
    const text = recipientsText(read, view.accountId, opened.of, statesOf[shownOf(view)]);
    return { download: { name: "recipients.csv", type: "text/csv; charset=utf-8", content: text } };
  });
};

const idOf = (view: SignedInView): string => (view.request.params as { id: string }).id;

/** The message or the send of a page's address, with one of its messages; null where it is not there, or not theirs to see. */
const openSend = async (read: Read, view: SignedInView): Promise<{ of: SendOrMessage; sample: SentMessage } | null> => {
  const id = idOf(view);
  const message = await getSentMessage(read, view.accountId, id);
  if (message) return (await isVisible(read, view, message)) ? { of: { sentMessageId: id }, sample: message } : null;
  if (view.role === "sales") return null;
  const [sample] = (await listSentMessages(read, view.accountId, { sendId: id, limit: 1 })).data;
  return sample ? { of: { sendId: id }, sample } : null;
};

/** A message that was registered left through nobody's inbox: it is theirs to whom its notice came. */
const isVisible = async (read: Read, view: SignedInView, message: SentMessage): Promise<boolean> => {
  const inboxIds = await visibleInboxes(read, view);
  if (inboxIds === undefined) return true;
  if (message.inboxId !== null) return inboxIds.includes(message.inboxId);
  return (await listEngagements(read, view.accountId, { sentMessageId: message.id, inboxIds, limit: 1 })).data.length > 0;
};

const statesOf = {
  all: undefined,
  bounced: ["hard", "soft", "pending"],
  hard: ["hard"],
  soft: ["soft"],
  pending: ["pending"],
} as const satisfies { [show: string]: readonly EngagementState[] | undefined };

type Show = keyof typeof statesOf;

const shows = Object.keys(statesOf) as Show[];

const shownOf = (view: SignedInView): Show => shows.find((show) => show === view.field("show")) ?? "all";

const showText = (view: SignedInView, show: Show): string =>
  show === "all" ? view.t("send.all") : show === "bounced" ? view.t("send.onlyBounced") : view.t(`type.${show}`);

const filterLinks = (view: SignedInView, chosen: Show): Html =>
  html`<ul class="choices">${shows.map(
    (show) => html`<li><a href="?show=${show}"${show === chosen && html` aria-current="true"`}>${showText(view, show)}</a></li>`,
  )}</ul>`;

const figureStates = ["hard", "soft", "pending"] as const;

const figuresOf = (view: SignedInView, { recipients, states }: SendFigures): Html => {
  const bounced = (states.hard ?? 0) + (states.soft ?? 0);
  const share = recipients === 0 ? 0 : Math.round((1000 * bounced) / recipients) / 10;
  const sentence = view.t("send.bounced", {
    n: view.number(bounced),
    total: view.number(recipients),
    percent: `${view.number(share)}%`,
  });
  const some = figureStates.map((state) => ({ state, n: states[state] ?? 0 }));
  return html`<ul class="counts"><li><b>${view.number(recipients)}</b> ${view.t("send.sent")}</li>${some.map(
    ({ state, n }) =>
      html`<li><b>${view.number(n)}</b> <span class="state ${state}"><span aria-hidden="true">${signs[state]}</span> ${view.t(`type.${state}`)}</span></li>`,
  )}</ul>
${bar(sentence, recipients, some)}
<p>${sentence}</p>`;
};

/** One bar of all recipients, those that bounced from the left. What it shows stands beside it in figures. */
const bar = (label: string, total: number, parts: readonly { state: EngagementState; n: number }[]): Html => {
  const width = (n: number): number => (total === 0 ? 0 : (100 * n) / total);
  const before = (i: number): number => parts.slice(0, i).reduce((sum, { n }) => sum + n, 0);
  return html`<svg class="send-bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="${label}"><rect class="rest" width="100" height="4"/>${parts.map(
    ({ state, n }, i) => html`<rect class="${state}" x="${width(before(i))}" width="${width(n)}" height="4"/>`,
  )}</svg>`;
};

const sendsTable = (view: SignedInView, sends: readonly Send[]): Html => html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("sends.send")}</th><th scope="col">${view.t("sends.subject")}</th><th scope="col">${view.t("sends.lastSent")}</th></tr></thead>
<tbody>${sends.map(
  ({ sendId, subject, lastSentAt }) =>
    html`<tr><th scope="row"><a href="/sends/${encodeURIComponent(sendId)}">${sendId}</a></th><td>${subject ?? "–"}</td><td>${timeOf(view, lastSentAt)}</td></tr>`,
)}</tbody>
</table></div>`;

const recipientsTable = (view: SignedInView, recipients: readonly SendRecipient[]): Html => html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("send.recipient")}</th><th scope="col">${view.t("send.state")}</th><th scope="col">${view.t("send.reason")}</th><th scope="col">${view.t("send.details")}</th></tr></thead>
<tbody>${recipients.map((one) => recipientRow(view, one))}</tbody>
</table></div>`;

const recipientRow = (
  view: SignedInView,
  { address, name, state, category, reason, diagnostic, language, contactId }: SendRecipient,
): Html => html`<tr>
<th scope="row">${contactId === null ? address : html`<a href="/contacts/${contactId}">${address}</a>`}${name && html`<br><span class="quiet">${name}</span>`}</th>
<td>${state === null ? html`<span class="quiet state">${view.t("send.nothing")}</span>` : html`<span class="state ${state}"><span aria-hidden="true">${signs[state]}</span> ${view.t(`type.${state}`)}</span>`}</td>
<td>${category && view.t(`category.${category}`)}${reason && html`<br><span class="quiet">${reason}</span>`}</td>
<td class="words"><span lang="${language ?? "en"}">${diagnostic}</span></td>
</tr>
`;

const columns = {
  address: (row) => row.address,
  name: (row) => row.name,
  role: (row) => row.role,
  state: (row) => row.state,
  category: (row) => row.category,
  reason: (row) => row.reason,
  diagnostic: (row) => row.diagnostic,
  externalId: (row) => row.externalId,
  sentMessageId: (row) => row.sentMessageId,
} as const satisfies { [name: string]: (row: SendRecipient) => string | null };

/** The list as CSV in pieces, one for each page of the store. */
async function* recipientsText(
  read: Read,
  accountId: string,
  of: SendOrMessage,
  state: readonly EngagementState[] | undefined,
): AsyncGenerator<string> {
  yield csvLine(Object.keys(columns));
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listSendRecipients>> = await listSendRecipients(read, accountId, of, {
      limit: 200,
      cursor,
      state,
    });
    yield page.data.map((row) => csvLine(Object.values(columns).map((value) => value(row)))).join("");
    cursor = page.nextCursor;
  } while (cursor !== null);
}
