import { addressKey } from "../bounces/keys.ts";
import type { Read } from "../ports/database.ts";
import { allInboxes, type Inbox } from "../store/inboxes.ts";
import type { User } from "../store/users.ts";
import type { SignedInView } from "./view.ts";

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
