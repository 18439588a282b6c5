import type { NoticeShare } from "../../store/notice-shares.ts";
import type { Notice } from "../../store/notices.ts";
import type { User } from "../../store/users.ts";
import { type Html, html } from "../page/html.ts";
import { csrfField, type SignedInView } from "../page/view.ts";
import type { NoticeAccess } from "./notice-access.ts";
import { aboutWhom } from "./notice-card.ts";

/** What somebody is called who asked or answered. */
const nameOf = (view: SignedInView, users: readonly User[], userId: string | null): string =>
  userId === null ? view.t("share.operator") : (users.find(({ id }) => id === userId)?.name ?? view.t("share.formerUser"));

/** A request to an inbox's owner, with the two answers. */
export const shareRequest = (view: SignedInView, share: NoticeShare, notice: Notice, users: readonly User[]): Html => {
  const who = nameOf(view, users, share.askedById);
  return html`<div class="request"><p>${view.t("share.request", { who, about: aboutWhom(view, notice), date: view.time(notice.receivedAt) })}</p>
${share.note !== "" && html`<blockquote>${share.note}</blockquote>`}
<p><a href="/notices/${notice.id}/text">${view.t("notice.read")}</a></p>
<form method="post" action="/notices/${notice.id}/share">${csrfField(view)}<div class="actions"><button name="answer" value="shared">${view.t("share.agree")}</button><button class="plain" name="answer" value="declined">${view.t("share.decline")}</button></div></form></div>`;
};

/** Who may read a notice, in words, with what this reader can do about it. */
export const shareBlock = (view: SignedInView, access: NoticeAccess, users: readonly User[]): Html => {
  const { notice, inbox, own, owner, share, mayRead } = access;
  const who = nameOf(view, users, share?.decidedById ?? null);
  const date = (at: number | null): string => (at === null ? "…" : view.time(at));
  if (own) {
    const answered = share?.state === "shared" && (share.endsAt ?? 0) > view.now;
    return html`<p>${view.t("share.yours")}</p>
${share?.state === "asked" && shareRequest(view, share, notice, users)}
${answered && html`<p>${view.t("share.nowShared", { date: date(share.endsAt) })}</p><form method="post" action="/notices/${notice.id}/share">${csrfField(view)}<button class="plain" name="answer" value="ended">${view.t("share.end")}</button></form>`}`;
  }
  if (mayRead) return html`<p>${view.t("share.sharedUntil", { who, date: date(share?.endsAt ?? null) })}</p>`;
  if (!owner) return html`<p>${view.t("share.nobody", { inbox: inbox.address })}</p>`;
  if (share?.state === "asked") return html`<p>${view.t("share.asked", { who: owner.name, date: date(share.askedAt) })}</p>`;
  const before =
    share &&
    {
      declined: view.t("share.declined", { who, date: date(share.decidedAt) }),
      ended: view.t("share.ended", { who, date: date(share.decidedAt) }),
      shared: view.t("share.expired", { date: date(share.endsAt) }),
    }[share.state];
  return html`<p>${view.t("share.private", { inbox: inbox.address })}${before && html` ${before}`}</p>
<form method="post" action="/notices/${notice.id}/ask" class="narrow">${csrfField(view)}<label>${view.t("share.askNote")}<input name="note" maxlength="500"></label>
<button>${view.t("share.ask", { who: owner.name })}</button></form>`;
};
