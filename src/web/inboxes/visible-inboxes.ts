import { addressKey } from "../../bounces/keys.ts";
import type { Read } from "../../ports/database.ts";
import { allInboxes, getInbox, type Inbox } from "../../store/inboxes.ts";
import type { User } from "../../store/users.ts";
import type { SignedInView } from "../page/view.ts";

/** True where the inbox is the user's own: by the address they sign in with, or as its owner. */
export const owns = (user: User, inbox: Inbox): boolean => {
  const owner = inbox.owner as { externalId?: string | null } | null;
  return (
    inbox.addresses.includes(addressKey(user.email)) ||
    addressKey(inbox.address) === addressKey(user.email) ||
    owner?.externalId === user.id
  );
};

/** The inboxes somebody may look at: sales users their own, others all. */
export const seenInboxes = async (read: Read, view: SignedInView): Promise<Inbox[]> => {
  const all = await allInboxes(read, view.accountId);
  return view.role === "sales" ? all.filter((inbox) => view.user && owns(view.user, inbox)) : all;
};

/** Their ids, to narrow a list by; undefined where nothing is to be narrowed. */
export const visibleInboxes = async (read: Read, view: SignedInView): Promise<string[] | undefined> =>
  view.role === "sales" ? (await seenInboxes(read, view)).map(({ id }) => id) : undefined;

const isOwn = ({ user }: SignedInView, inbox: Inbox): boolean => user !== null && owns(user, inbox);

/** One inbox, if it is theirs to see. */
export const seenInbox = async (read: Read, view: SignedInView, inboxId: string): Promise<Inbox | null> => {
  const inbox = await getInbox(read, view.accountId, inboxId);
  return inbox && (view.role !== "sales" || isOwn(view, inbox)) ? inbox : null;
};

/** Whose inbox it is may do everything to it, and so may an owner of the account; support only keeps it running. */
export const mayChange = (view: SignedInView, inbox: Inbox): boolean => view.role === "owner" || isOwn(view, inbox);
