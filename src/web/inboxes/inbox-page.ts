import { said } from "../../messages/said.ts";
import { isTextKey } from "../../messages/text.ts";
import type { Description } from "../../ports/connector.ts";
import { findErasure } from "../../store/erasures.ts";
import { listGaps, type StoredGap } from "../../store/gaps.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { readPushWarning, readWatches } from "../../store/push-watches.ts";
import { type Html, html } from "../page/html.ts";
import { notFoundPage, type Pages, type SignedInView, type View, type ViewDeps } from "../page/view.ts";
import type { ConnectPagesDeps } from "./connect-pages.ts";
import { receipt } from "./erase-inbox-pages.ts";
import { allowFormsTo, type SignInProvider } from "./go-to-provider.ts";
import { actions } from "./inbox-actions.ts";
import { lagText, ownerName, providerLabel, sinceWhen, stateLine } from "./inbox-words.ts";
import { mayChange, seenInbox } from "./visible-inboxes.ts";

/** What is known of an inbox besides its row. */
type Known = {
  label: string;
  description: Description | null;
  hasFolders: boolean;
  gaps: readonly StoredGap[];
  pushWarning: string | null;
  /** Its provider watches it for us at this time. */
  pushed: boolean;
  providers: readonly SignInProvider[];
};

/** An inbox: how it does, what is watched, what is limited or could not be read, and what may be done. */
export const inboxPage = (pages: Pages, deps: ConnectPagesDeps & ViewDeps): void => {
  const { connecting, database } = deps;

  pages.get("/inboxes/:id", "sales", async (view) => {
    const inbox = await seenInbox(database.read, view, idOf(view));
    if (!inbox) return notFoundPage(view);
    if (inbox.state === "erased") return receipt(view, await findErasure(database.read, view.accountId, inbox.id), inbox.stateSince);
    const connector = await connecting.loadConnector(inbox.provider);
    const known = {
      label: await providerLabel(view, connecting, inbox.provider),
      description: connector?.describe ?? null,
      hasFolders: connector?.listFolders !== undefined,
      gaps: await listGaps(database.read, view.accountId, inbox.id),
      pushWarning: await readPushWarning(database.read, view.accountId, inbox.id),
      pushed: (await readWatches(database.read, view.accountId, inbox.id)).some(({ expiresAt }) => expiresAt > view.now),
      providers: await deps.providers(),
    };
    allowFormsTo(view, known.providers);
    return { title: inbox.address, content: content(view, inbox, known), live: inbox.state === "first_sync" };
  });

  pages.get(
    "/inboxes/:id/progress",
    "sales",
    async (view) => {
      const inbox = await seenInbox(database.read, view, idOf(view));
      if (!inbox) return notFoundPage(view);
      return { fragment: stateBlock(view, inbox, await providerLabel(view, connecting, inbox.provider), true), of: `/inboxes/${inbox.id}` };
    },
    { quiet: true },
  );
};

const idOf = (view: SignedInView): string => (view.request.params as { id: string }).id;

/**
 * The state, with the progress of a first sync while that runs: then it asks for itself every two seconds. What a screen reader is told
 * changes with every tenth only. `again`: asked for by a page that showed the progress.
 */
const stateBlock = (view: View, inbox: Inbox, label: string, again: boolean): Html => {
  const runs = inbox.state === "first_sync";
  const spoken = runs ? tenths(view, inbox) : again && view.t("inbox.firstSyncDone");
  return html`<div id="state"${runs && html` hx-get="/inboxes/${inbox.id}/progress" hx-trigger="every 2s" hx-swap="outerMorph" hx-status:4xx="swap:none" hx-status:5xx="swap:none"`}>
<p class="inbox-state">${stateLine(view, inbox, label)}</p>
${runs && bar(view, inbox)}
<p class="unseen" role="status" aria-live="polite">${spoken}</p>
</div>`;
};

/** How far the first sync is; the counts stand in the state's sentence. */
const bar = (view: View, { progress }: Inbox): Html => {
  const known = progress?.total ? html` max="${progress.total}" value="${Math.min(progress.done, progress.total)}"` : null;
  return html`<progress aria-label="${view.t("inbox.progress")}"${known}></progress>`;
};

const tenths = (view: View, { progress }: Inbox): string | null => {
  if (!progress?.total) return null;
  const share = Math.floor((10 * Math.min(progress.done, progress.total)) / progress.total) / 10;
  return view.t("inbox.progressPercent", { percent: new Intl.NumberFormat(view.language, { style: "percent" }).format(share) });
};

const doneWords = ["connected", "connectedAlready", "reconnected", "polled", "paused", "resumed", "disconnected", "notNow"] as const;

/** The sentence for what the page was opened after. */
const done = (view: View, { address }: Inbox): Html | null => {
  const word = doneWords.find((each) => each === view.field("done"));
  return word
    ? html`<p class="${word === "notNow" ? "fault" : "done"}" role="status">${view.t(`inbox.done.${word}`, { address })}</p>`
    : null;
};

const content = (view: SignedInView, inbox: Inbox, known: Known): Html => html`<h1>${inbox.address}</h1>
${done(view, inbox)}
${stateBlock(view, inbox, known.label, false)}
${actions(view, inbox, known)}
${facts(view, inbox, known)}
${inbox.warnings.length > 0 && html`<h2>${view.t("inbox.warnings")}</h2><ul>${inbox.warnings.map((each) => html`<li>${noted(view, "warning", each)}</li>`)}</ul>`}
<h2>${view.t("inbox.folders")}</h2>
${folders(view, inbox)}
${known.hasFolders && inbox.state !== "disconnected" && mayChange(view, inbox) && html`<p><a href="/inboxes/${inbox.id}/settings">${view.t("inbox.chooseFolders")}</a></p>`}
${limits(view, inbox, known)}
${known.gaps.length > 0 && gapTable(view, known.gaps)}
<p><a href="/inboxes">${view.t("inboxes.back")}</a></p>`;

/** Whether new mail is told at once, and by whom; it is looked for besides in any case. */
const howTold = ({ limits }: Inbox, { pushed, description }: Known) => {
  if (pushed) return "inbox.newMail.push";
  return description?.tellsOnConnection && !limits.some(({ code }) => code === "no_idle")
    ? "inbox.newMail.connection"
    : "inbox.newMail.poll";
};

const facts = (view: View, inbox: Inbox, known: Known): Html => {
  const at = (time: number | null): string => (time === null ? view.t("inboxes.none") : view.time(time));
  const soon = inbox.nextPollAt !== null && inbox.nextPollAt <= view.now;
  const rows: [string, string][] = [
    [view.t("inboxes.owner"), ownerName(inbox)],
    [view.t("inboxes.provider"), known.label],
    [view.t("inboxes.lastMail"), at(inbox.lastMailAt)],
    [view.t("inbox.lastSent"), at(inbox.lastSentAt)],
    [view.t("inboxes.lag"), lagText(view, inbox)],
    [view.t("inbox.lastPoll"), at(inbox.lastPollAt)],
    [
      view.t("inbox.nextPoll"),
      inbox.nextPollAt === null ? view.t("inbox.nextPollNever") : soon ? view.t("inbox.nextPollNow") : view.time(inbox.nextPollAt),
    ],
    [view.t("inbox.newMail"), view.t(howTold(inbox, known))],
    [view.t("inbox.since"), sinceWhen(view, inbox)],
  ];
  return html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
};

/** What a connector said, in the reader's language where we have words for it. */
const wordsOf = ({ language }: View, sentence: string): Html => {
  const words = said(language, sentence);
  return html`<span lang="${words.language}">${words.text}</span>`;
};

/** A limit or a warning: in the reader's language where we have words for its code, else as the connector says it. */
const noted = (
  view: View,
  kind: "limit" | "warning",
  { code, text, folder = "" }: { code: string; text: string; folder?: string },
): Html => {
  const key = `${kind}.${code}`;
  return isTextKey(key) ? html`${view.t(key, { folder })}` : wordsOf(view, text);
};

const folders = (view: View, inbox: Inbox): Html =>
  inbox.folders.length === 0
    ? html`<p>${view.t("inbox.foldersUnknown")}</p>`
    : html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("inbox.folder")}</th><th scope="col">${view.t("inbox.why")}</th></tr></thead>
<tbody>${inbox.folders.map(({ path, role }) => html`<tr><th scope="row">${path}</th><td>${view.t(`inbox.why.${role}`)}</td></tr>`)}</tbody>
</table></div>`;

const limits = (view: View, inbox: Inbox, { description, pushWarning }: Known): Html | null => {
  const all = [...(description?.limits ?? []), ...inbox.limits];
  if (all.length === 0 && pushWarning === null) return null;
  return html`<h2>${view.t("inbox.limits")}</h2><ul>${all.map((each) => html`<li>${noted(view, "limit", each)}</li>`)}
${pushWarning !== null && html`<li>${view.t("inbox.noPush")} ${wordsOf(view, pushWarning)}</li>`}</ul>`;
};

const gapTable = (view: View, gaps: readonly StoredGap[]): Html => {
  const at = (time: number | null): string => (time === null ? view.t("inbox.gapUnknown") : view.time(time));
  return html`<h2>${view.t("inbox.gaps")}</h2>
<div class="scroll" tabindex="0"><table>
<thead><tr>${(["inbox.gapPeriod", "inbox.folder", "inbox.gapBecause", "inbox.gapFound"] as const).map((key) => html`<th scope="col">${view.t(key)}</th>`)}</tr></thead>
<tbody>${gaps.map((gap) => html`<tr><th scope="row">${at(gap.from)} – ${at(gap.to)}</th><td>${gap.folder || "–"}</td><td>${wordsOf(view, gap.because)}</td><td>${view.time(gap.at)}</td></tr>`)}</tbody>
</table></div>`;
};
