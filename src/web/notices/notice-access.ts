import type { Read } from "../../ports/database.ts";
import { getInbox, type Inbox } from "../../store/inboxes.ts";
import { isShared, type NoticeShare, readShare } from "../../store/notice-shares.ts";
import { getNotice, type Notice } from "../../store/notices.ts";
import { listUsers, type User } from "../../store/users.ts";
import { owns } from "../inboxes/visible-inboxes.ts";
import type { SignedInView } from "../page/view.ts";

/** A notice somebody may see the facts of, and whether they may read it. */
export type NoticeAccess = {
  notice: Notice;
  inbox: Inbox;
  /** It came to an inbox of the reader's own. */
  own: boolean;
  /** Who of those that sign in here owns the inbox; null where nobody does. */
  owner: User | null;
  share: NoticeShare | null;
  /** The reader is its owner, or its owner shares it: whatever the reader's role is. */
  mayRead: boolean;
};

/** Null where there is no such notice, or it is not the reader's to see. */
export const accessTo = async (read: Read, view: SignedInView, noticeId: string): Promise<NoticeAccess | null> => {
  const notice = await getNotice(read, view.accountId, noticeId);
  const inbox = notice && (await getInbox(read, view.accountId, notice.inboxId));
  if (!notice || !inbox) return null;
  const own = isMine(view, inbox);
  if (view.role === "sales" && !own) return null;
  const share = await readShare(read, view.accountId, noticeId);
  const users = await listUsers(read, view.accountId);
  return {
    notice,
    inbox,
    own,
    owner: users.find((user) => owns(user, inbox)) ?? null,
    share,
    mayRead: own || isShared(share, view.now),
  };
};

/** Who came by the operator's link owns no inbox. */
export const isMine = ({ user }: SignedInView, inbox: Inbox): boolean => user !== null && owns(user, inbox);

/** A subject of which only its owner reads more than the first letters: "O•••• 7" of "Offer 7". */
export const maskedSubject = (subject: string): string =>
  subject.replace(/[\p{L}\p{N}]+/gu, (word) =>
    word.length > 2 ? `${[...word][0]}${"•".repeat([...word].length - 1)}` : "•".repeat(word.length),
  );
