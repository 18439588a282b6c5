import type { Read } from "../../ports/database.ts";
import { type Contact, getContact } from "../../store/contacts.ts";
import { listEngagements } from "../../store/engagements.ts";
import { visibleInboxes } from "../inboxes/visible-inboxes.ts";
import type { SignedInView } from "../page/view.ts";

/** A contact somebody may look at, with the inboxes whose bounces they see (undefined: all). */
export type VisibleContact = { contact: Contact; inboxIds: string[] | undefined };

/** The contact of a page's address; null where there is none, or a sales user has no bounce of theirs. */
export const visibleContact = async (read: Read, view: SignedInView): Promise<VisibleContact | null> => {
  const { id } = view.request.params as { id: string };
  const contact = await getContact(read, view.accountId, id);
  if (!contact) return null;
  const inboxIds = await visibleInboxes(read, view);
  if (inboxIds === undefined) return { contact, inboxIds };
  const { data } = await listEngagements(read, view.accountId, { contactId: id, inboxIds, limit: 1 });
  return data.length > 0 ? { contact, inboxIds } : null;
};

/** What a contact is called on pages. */
export const contactTitle = ({ name, addresses, externalId, id }: Contact): string => name ?? addresses[0] ?? externalId ?? id;

/** All a contact is known by, each once. */
export const allOf = ({ name, addresses, externalId, id }: Contact): string =>
  [name, addresses.join(", "), externalId].filter(Boolean).join(" · ") || id;
