import type { Inbox } from "../../store/inboxes.ts";
import { pollNow } from "../../store/turns.ts";
import { queueDeadLetters } from "../../store/webhook-letters.ts";
import { getWebhook, updateWebhook } from "../../store/webhooks.ts";
import type { CoverageDeps } from "../../sync/check-coverage.ts";
import { type Asker, type Explanation, explainMessageId, explainRef } from "../../sync/explain.ts";
import { explainHour, explainNoInbox, type SeenThen } from "../../sync/explain-hour.ts";
import { explainMail } from "../../sync/explain-mail.ts";
import { findInMailbox, openNow, watchFolder } from "../../sync/find-in-mailbox.ts";
import { seenInboxes } from "../inboxes/visible-inboxes.ts";
import { type Html, html } from "../page/html.ts";
import { fromLocal, toLocal } from "../page/local-time.ts";
import { fileOf } from "../page/read-form.ts";
import { csrfField, notFoundPage, type Pages, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import { answersOf } from "./why-answer.ts";

export type WhyPagesDeps = ViewDeps & {
  /** What opening a mailbox takes: to search it, or to compare it with what was seen. */
  mailboxes: CoverageDeps;
  /** An inbox may be due now. */
  nudge: () => void;
};

/** As for /v1/inspect. */
export const largestMessage = 30_000_000;

/** Where somebody came from within "Why not?", to ask again; nowhere else. */
const backOf = (view: SignedInView): string => (view.field("back").startsWith("/why?") ? view.field("back") : "/why");

/** "Why not?": a Message-ID, a message, or an inbox and an hour, and why it was or was not logged. */
export const whyPages = (pages: Pages, deps: WhyPagesDeps): void => {
  const { database, mailboxes, now } = deps;

  const ask = async (view: SignedInView): Promise<{ asker: Asker; inboxes: Inbox[] }> => {
    const inboxes = await seenInboxes(database.read, view);
    const { accountId, language, timeZone } = view;
    const labelOf = async (provider: string) => (await mailboxes.loadConnector(provider))?.describe.label ?? provider;
    const visible = view.role === "sales" ? inboxes.map(({ id }) => id) : undefined;
    return { inboxes, asker: { read: database.read, accountId, language, timeZone, now: view.now, visible, labelOf } };
  };

  /** The inbox a form is about, if it is theirs to see. */
  const inboxOf = async (view: SignedInView): Promise<Inbox | undefined> =>
    (await seenInboxes(database.read, view)).find(({ id }) => id === view.field("inbox"));

  pages.get("/why", "sales", async (view) => {
    const { asker, inboxes } = await ask(view);
    const [id, inboxId, ref] = [view.field("id").trim(), view.field("inbox"), view.field("ref")];
    const back = view.request.url;
    if (ref !== "") {
      const found = await explainRef(asker, inboxId, ref);
      return found ? whyPage(view, inboxes, answersOf(view, [found], back)) : whyPage(view, inboxes, fault(view.t("why.noRef")), 404);
    }
    if (id !== "") return whyPage(view, inboxes, answersOf(view, await byId(asker, id, inboxId), back));
    if (view.request.url.includes("id=")) return whyPage(view, inboxes, fault(view.t("why.noId")), 422);
    if (!view.request.url.includes("hour=")) return whyPage(view, inboxes, null);
    const at = fromLocal(view.field("hour"), view.timeZone);
    const address = view.field("mailbox").trim().toLowerCase();
    if (at === null || address === "") return whyPage(view, inboxes, fault(view.t("why.noHour")), 422);
    const inbox = inboxes.find((one) => one.id === address || one.address.toLowerCase() === address || one.addresses.includes(address));
    if (!inbox) return whyPage(view, inboxes, answersOf(view, [explainNoInbox(asker, address)], back));
    const { explanation, messages } = await explainHour(asker, inbox, at);
    return whyPage(view, inboxes, html`${answersOf(view, [explanation], back)}${cameThen(view, inbox, messages)}`);
  });

  pages.post("/why/message", "sales", async (view) => {
    const { asker, inboxes } = await ask(view);
    const file = fileOf(view.request, "file");
    if (!file) return whyPage(view, inboxes, fault(view.t("why.noFile")), 422);
    const { explanations, missing } = await explainMail(asker, file.bytes);
    return whyPage(view, inboxes, answersOf(view, missing ? await search(asker, explanations, missing) : explanations, "/why"));
  });

  pages.post("/why/look", "sales", async (view) => {
    const { asker, inboxes } = await ask(view);
    const inbox = await inboxOf(view);
    if (!inbox) return notFoundPage(view);
    const explanations = await explainMessageId(asker, view.field("ref"), inbox.id);
    return whyPage(
      view,
      inboxes,
      answersOf(view, await search(asker, explanations, { inboxId: inbox.id, messageId: view.field("ref") }), backOf(view)),
    );
  });

  /** What there is no record of is looked for in the mailbox itself. */
  const search = async (
    asker: Asker,
    explanations: Explanation[],
    wanted: { inboxId: string; messageId: string },
  ): Promise<Explanation[]> => {
    const { explanation, steps } = await findInMailbox(mailboxes, asker, wanted);
    if (explanation?.code === "our_gap") deps.nudge();
    return explanation
      ? explanations.slice(0, 1).map((one) => ({ ...explanation, steps: [...one.steps, ...steps] }))
      : explanations.map((one) => ({
          ...one,
          action: one.action?.code === "look_in_mailbox" ? null : one.action,
          steps: [...one.steps, ...steps],
        }));
  };

  pages.post("/why/open", "sales", async (view) => {
    const inbox = await inboxOf(view);
    if (!inbox) return notFoundPage(view);
    const done = await openNow(mailboxes, inbox, view.field("ref"));
    deps.nudge();
    return donePage(view, view.t(done ? "why.done.open_now" : "why.done.poll_never"));
  });

  pages.post("/why/poll", "sales", async (view) => {
    const inbox = await inboxOf(view);
    if (!inbox) return notFoundPage(view);
    const due = await database.transaction((tx) => pollNow(tx, view.accountId, inbox.id, now()));
    deps.nudge();
    return donePage(view, view.t(due ? "why.done.poll_now" : "why.done.poll_never"));
  });

  pages.post("/why/watch", "sales", async (view) => {
    const inbox = await inboxOf(view);
    if (!inbox) return notFoundPage(view);
    const folder = view.field("folder");
    const watched = await watchFolder(mailboxes, inbox, folder);
    deps.nudge();
    return donePage(view, view.t(watched ? "why.done.watch_folder" : "why.done.watch_never", { folder }));
  });

  pages.post("/why/replay", "support", async (view) => {
    const { accountId } = view;
    const webhook = await getWebhook(database.read, accountId, view.field("webhook"));
    if (!webhook) return notFoundPage(view);
    const n = await database.transaction(async (tx) => {
      const letters = await queueDeadLetters(tx, accountId, webhook.id, now());
      // What waits behind a refused event is tried at once.
      await updateWebhook(tx, accountId, webhook.id, {}, now());
      return letters + (webhook.attempts > 0 ? 1 : 0);
    });
    deps.nudge();
    return donePage(view, view.t("why.done.replay", { n: view.number(n) }));
  });
};

/** By the provider's id where an inbox is named, else by Message-ID. */
const byId = async (asker: Asker, id: string, inboxId: string): Promise<Explanation[]> => {
  const byRef = inboxId === "" ? null : await explainRef(asker, inboxId, id);
  return byRef ? [byRef] : explainMessageId(asker, id, inboxId === "" ? null : inboxId);
};

const fault = (sentence: string): Html => html`<p class="fault" role="alert">${sentence}</p>`;

const donePage = (view: SignedInView, sentence: string): Shown => ({
  title: view.t("why.title"),
  content: html`<h1>${view.t("why.title")}</h1><p class="done" role="status">${sentence}</p><p><a href="${backOf(view)}">${view.t("why.again")}</a></p>`,
});

const whyPage = (view: SignedInView, inboxes: readonly Inbox[], above: Html | null, status = 200): Shown => ({
  title: view.t("why.title"),
  status,
  wide: true,
  content: html`<h1>${view.t("why.title")}</h1>
${above ?? html`<p>${view.t("why.lead")}</p>`}
<div class="ways">
${byIdForm(view, inboxes)}
${fileForm(view)}
${hourForm(view, inboxes)}
</div>`,
});

const byIdForm = (view: SignedInView, inboxes: readonly Inbox[]): Html => html`<form method="get" action="/why">
<h2>${view.t("why.byId")}</h2>
<p class="quiet" id="id-hint">${view.t("why.byId.hint")}</p>
<label>${view.t("why.id")}<input name="id" value="${view.field("id")}" required aria-describedby="id-hint" autocomplete="off" spellcheck="false"></label>
<label>${view.t("why.inbox")}<select name="inbox"><option value="">${view.t("why.inboxAny")}</option>
${inboxes.map(({ id, address }) => html`<option value="${id}"${id === view.field("inbox") && html` selected`}>${address === "" ? id : address}</option>`)}</select></label>
<button>${view.t("why.ask")}</button>
</form>`;

const fileForm = (
  view: SignedInView,
): Html => html`<form method="post" action="/why/message" enctype="multipart/form-data" id="file" data-drop="${view.t("why.drop")}">${csrfField(view)}
<h2>${view.t("why.byFile")}</h2>
<p class="quiet" id="file-hint">${view.t("why.byFile.hint")}</p>
<label>${view.t("why.file")}<input name="file" type="file" accept=".eml,message/rfc822" required aria-describedby="file-hint"></label>
<button>${view.t("why.fileButton")}</button>
</form>`;

const hourForm = (view: SignedInView, inboxes: readonly Inbox[]): Html => {
  const hour = view.field("hour") || toLocal(view.now - (view.now % 3_600_000) - 3_600_000, view.timeZone);
  return html`<form method="get" action="/why">
<h2>${view.t("why.byHour")}</h2>
<p class="quiet" id="hour-hint">${view.t("why.byHour.hint")}</p>
<label>${view.t("why.inboxAddress")}<input name="mailbox" list="mailboxes" value="${view.field("mailbox")}" required autocomplete="off"></label>
<datalist id="mailboxes">${inboxes.map(({ address }) => html`<option value="${address}"></option>`)}</datalist>
<label>${view.t("why.hour", { zone: view.timeZone })}<input name="hour" type="datetime-local" value="${hour}" required aria-describedby="hour-hint"></label>
<button>${view.t("why.ask")}</button>
</form>`;
};

const cameThen = (view: SignedInView, inbox: Inbox, messages: readonly SeenThen[]): Html | null =>
  messages.length === 0
    ? null
    : html`<h2 class="came">${view.t("why.came")}</h2>
<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">${view.t("why.came.time")}</th><th scope="col">${view.t("why.came.folder")}</th><th scope="col">${view.t("why.came.what")}</th><td></td></tr></thead>
<tbody>${messages.map(
        ({
          ref,
          folder,
          verdict,
          receivedAt,
        }) => html`<tr><th scope="row">${view.time(receivedAt)}</th><td>${folder}</td><td>${view.t(`why.verdict.${verdict}`)}</td>
<td>${verdict !== "sent" && html`<a href="/why?inbox=${encodeURIComponent(inbox.id)}&amp;ref=${encodeURIComponent(ref)}">${view.t("why.came.why")}</a>`}</td></tr>`,
      )}</tbody>
</table></div>`;
