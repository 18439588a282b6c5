import { addressKey } from "../bounces/keys.ts";
import type { Read } from "../ports/database.ts";
import { getInbox, type Inbox, listInboxes } from "../store/inboxes.ts";
import type { SignedInView } from "./view.ts";

/** Every inbox of the account; there are as many as people in sales. */
const allInboxes = async (read: Read, accountId: string): Promise<Inbox[]> => {
  const all: Inbox[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof listInboxes>> = await listInboxes(read, accountId, { limit: 200, cursor });
    all.push(...page.data);
    cursor = page.nextCursor;
    if (cursor === null) return all;
  }
};

/** True where the inbox is the user's own: by the address they sign in with, or as its owner. */
const isOwn = ({ user }: SignedInView, inbox: Inbox): boolean => {
  if (user === null) return true;
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
  return view.role === "sales" ? all.filter((inbox) => isOwn(view, inbox)) : all;
};

/** Their ids, to narrow a list by; undefined where nothing is to be narrowed. */
export const visibleInboxes = async (read: Read, view: SignedInView): Promise<string[] | undefined> =>
  view.role === "sales" ? (await seenInboxes(read, view)).map(({ id }) => id) : undefined;

/** One inbox, if it is theirs to see. */
export const seenInbox = async (read: Read, view: SignedInView, inboxId: string): Promise<Inbox | null> => {
  const inbox = await getInbox(read, view.accountId, inboxId);
  return inbox && (view.role !== "sales" || isOwn(view, inbox)) ? inbox : null;
};

/** Whose inbox it is may do everything to it, and so may an owner of the account; support only keeps it running. */
export const mayChange = (view: SignedInView, inbox: Inbox): boolean => view.role === "owner" || isOwn(view, inbox);
