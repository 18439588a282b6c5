import type { NoticeState } from "../../ports/database.ts";
import { confirmNotice, dismissNotice } from "../../store/decide-notice.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { openRequests } from "../../store/notice-shares.ts";
import { getNotice, type Notice, readNotices } from "../../store/notices.ts";
import { readSentMessages } from "../../store/sent-messages.ts";
import { countUntied, listUntied, untiedStates } from "../../store/untied-notices.ts";
import { listUsers } from "../../store/users.ts";
import { seenInboxes } from "../inboxes/visible-inboxes.ts";
import { type Html, html } from "../page/html.ts";
import { notFoundPage, type Pages, type Shown, type SignedInView, type ViewDeps } from "../page/view.ts";
import { accessTo, isMine } from "./notice-access.ts";
import { offeredIds, queueCard } from "./notice-card.ts";
import { shareRequest } from "./share-forms.ts";

const perPage = 20;

type UntiedState = (typeof untiedStates)[number];
const isUntied = (state: string): state is UntiedState => (untiedStates as readonly string[]).includes(state);

/** Notices that were not tied, with what might fit, for a person to decide. Sales users see those of their own inboxes. */
export const noticeQueuePages = (pages: Pages, deps: ViewDeps): void => {
  const { database, now } = deps;
  const { read } = database;

  const show = async (view: SignedInView, above: Html | null, status = 200): Promise<Shown> => {
    const inboxes = await seenInboxes(read, view);
    const wished = inboxes.find(({ id }) => id === view.field("inbox"));
    const state = isUntied(view.field("state")) ? (view.field("state") as UntiedState) : undefined;
    const inboxIds = wished ? [wished.id] : view.role === "sales" ? inboxes.map(({ id }) => id) : undefined;
    const cursor = view.request.method === "GET" ? view.field("cursor") || null : null;
    const found = await listUntied(read, view.accountId, { state, inboxIds, limit: perPage, cursor });
    const counts = await countUntied(read, view.accountId, inboxIds);
    const offered = await readSentMessages(read, view.accountId, found.data.flatMap(offeredIds));
    const title = view.t("notices.title");
    const older = new URLSearchParams({ state: state ?? "", inbox: wished?.id ?? "", cursor: found.nextCursor ?? "" });
    const none =
      state || wished
        ? html`<p>${view.t("notices.emptyFilter")} <a href="/notices">${view.t("notices.all")}</a></p>`
        : html`<p>${view.t("notices.empty")}</p>`;
    return {
      title,
      status,
      content: html`<h1>${title}</h1>
${above}
${await requests(
  view,
  inboxes.filter((inbox) => isMine(view, inbox)),
)}
${filterForm(view, inboxes, counts, state, wished?.id)}
${found.data.length === 0 ? none : view.field("decided") !== "" && html`<p class="quiet">${view.t("decide.next")}:</p>`}
<ol class="notices">${found.data.map((notice) => queueCard(view, notice, inboxes.find(({ id }) => id === notice.inboxId) ?? null, offered))}</ol>
${found.nextCursor && html`<p><a href="/notices?${older.toString()}">${view.t("notices.older")}</a></p>`}`,
    };
  };

  /** What people want to read of this person's inboxes. */
  const requests = async (view: SignedInView, own: readonly Inbox[]): Promise<Html | null> => {
    const ids = own.map(({ id }) => id);
    const open = ids.length === 0 ? [] : await openRequests(read, view.accountId, ids);
    if (open.length === 0) return null;
    const users = await listUsers(read, view.accountId);
    const noticeIds = open.map(({ noticeId }) => noticeId);
    const about = new Map((await readNotices(read, view.accountId, noticeIds)).map((notice) => [notice.id, notice]));
    return html`<section class="asked" aria-labelledby="asked"><h2 id="asked">${view.t("share.requests")}</h2>${open.map((share) => {
      const notice = about.get(share.noticeId);
      return notice && shareRequest(view, share, notice, users);
    })}</section>`;
  };

  pages.get("/notices", "sales", async (view) => show(view, await whatWasDecided(view)));

  /** The sentence after a decision; it is read from the notice, so that a page loaded again says the same. */
  const whatWasDecided = async (view: SignedInView): Promise<Html | null> => {
    const access = view.field("decided") === "" ? null : await accessTo(read, view, view.field("decided"));
    const sentence = access && decidedSentence(view, access.notice);
    if (!access || !sentence) return null;
    return html`<p class="done" role="status">${sentence} <a href="/notices/${access.notice.id}">${view.t("page.timeline.notice")}</a></p>`;
  };

  pages.post("/notices/:id/decide", "sales", async (view) => {
    const { id } = view.request.params as { id: string };
    const access = await accessTo(read, view, id);
    if (!access) return notFoundPage(view);
    const refuse = (sentence: string, status: number) => show(view, html`<p class="fault" role="alert">${sentence}</p>`, status);
    const by = view.user?.name ?? view.t("share.operator");
    const note = view.field("note").trim().slice(0, 1000);
    const sentMessageId = view.field("sentMessageId");
    const confirms = view.field("decision") === "confirm";
    if (!isUntied(access.notice.state)) return refuse(view.t("decide.already"), 409);
    if (confirms && !offeredIds(access.notice).includes(sentMessageId)) return refuse(view.t("decide.choose"), 422);
    const decided = await database.transaction(async (tx) => {
      // Of two who decide at once the second is told.
      const notice = await getNotice(tx, view.accountId, id);
      if (!notice || !isUntied(notice.state)) return false;
      return confirms
        ? confirmNotice(tx, view.accountId, id, { sentMessageId, by, note }, now())
        : dismissNotice(tx, view.accountId, id, { by, note }, now());
    });
    if (!decided) return refuse(view.t("decide.already"), 409);
    return { redirect: `/notices?${new URLSearchParams({ state: view.field("state"), inbox: view.field("inbox"), decided: id })}` };
  });
};

const decidedSentence = (view: SignedInView, { state, matches }: Notice): string | null => {
  const address = matches.find(({ match }) => match)?.match?.recipient.address ?? matches[0]?.address ?? "…";
  if (state === "matched") return view.t("decide.logged", { address });
  if (state === "not_logged") return view.t("decide.notLogged", { address });
  if (state === "dismissed") return view.t("decide.dismissed");
  return state === "unmatched" ? view.t("decide.mismatch", { address }) : null;
};

const filterForm = (
  view: SignedInView,
  inboxes: readonly Inbox[],
  counts: ReadonlyMap<NoticeState, number>,
  state: string | undefined,
  inboxId: string | undefined,
): Html => html`<form method="get" action="/notices" class="filter">
<label>${view.t("notices.state")}<select name="state"><option value="">${view.t("notices.all")}</option>${untiedStates.map(
  (one) =>
    html`<option value="${one}"${one === state && html` selected`}>${view.t(`noticeState.${one}`)} (${view.number(counts.get(one) ?? 0)})</option>`,
)}</select></label>
${
  inboxes.length > 1 &&
  html`<label>${view.t("notices.inbox")}<select name="inbox"><option value="">${view.t("notices.all")}</option>${inboxes.map(
    ({ id, address }) => html`<option value="${id}"${id === inboxId && html` selected`}>${address || id}</option>`,
  )}</select></label>`
}
<button class="plain">${view.t("notices.show")}</button></form>`;
