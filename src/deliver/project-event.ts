import { addressKey } from "../bounces/keys.ts";
import { engagementText } from "../messages/engagement-text.ts";
import type { Crm, CrmContactState, CrmEngagement } from "../ports/crm.ts";
import type { Database, Read } from "../ports/database.ts";
import { readAddresses } from "../store/addresses.ts";
import { findContactByAddress, getContact } from "../store/contacts.ts";
import { getCrmLink, saveCrmLink } from "../store/crm-links.ts";
import type { CrmClaim } from "../store/crm-turns.ts";
import { type Engagement, getEngagement, listEngagements } from "../store/engagements.ts";
import type { StoredEvent } from "../store/events.ts";

/** The events that a CRM hears of. */
export const projectedTypes = ["engagement.*", "address.*"];

/**
 * Writes to the CRM what an event tells of, as it stands now: the event only says where to look, so events that come twice, or
 * late, end in the same. What was erased meanwhile is passed over. Throws CrmError.
 */
export const projectEvent = async (database: Database, claim: CrmClaim, crm: Crm, event: StoredEvent): Promise<void> => {
  const { engagement, address } = event.data as { engagement?: { id?: unknown }; address?: unknown };
  const { read } = database;
  if (typeof engagement?.id === "string") {
    const found = await getEngagement(read, claim.accountId, engagement.id);
    if (!found) return;
    await projectEngagement(database, claim, crm, found);
    await projectContact(read, claim.accountId, crm, found.contactId, found.recipient.address);
  } else if (typeof address === "string") {
    const contact = await findContactByAddress(read, claim.accountId, address);
    if (contact) await projectContact(read, claim.accountId, crm, contact.id, address);
  }
};

const projectEngagement = async (database: Database, claim: CrmClaim, crm: Crm, engagement: Engagement): Promise<void> => {
  const { id, version } = engagement;
  const link = await getCrmLink(database.read, claim.accountId, id);
  if (link?.version === version) return;
  const crmId = await crm.writeEngagement(toCrm(engagement), link?.crmId ?? null);
  if (crmId !== null) await database.transaction((tx) => saveCrmLink(tx, claim, id, { crmId, version }));
};

const toCrm = (engagement: Engagement): CrmEngagement => {
  const { id, state, sentMessage, recipient, server } = engagement;
  const said = engagementText("en", engagement);
  return {
    id,
    state,
    subject: sentMessage.subject,
    from: sentMessage.from,
    to: { address: recipient.address, role: recipient.role },
    sentAt: sentMessage.sentAt,
    smtpCode: server?.smtpCode ?? null,
    message: server?.diagnostic ?? said.title,
    contact: { externalId: engagement.contactExternalId, address: recipient.address },
  };
};

const projectContact = async (read: Read, accountId: string, crm: Crm, contactId: string, address: string): Promise<void> => {
  const contact = await getContact(read, accountId, contactId);
  if (!contact) return;
  const healths = await readAddresses(read, accountId, contact.addresses.map(addressKey));
  const [newest] = (await listEngagements(read, accountId, { contactId, limit: 1 })).data;
  const state: CrmContactState = {
    externalId: contact.externalId,
    address,
    hardBounceReason: [...healths.values()].find(({ reason }) => reason !== null)?.reason ?? null,
    bounceState: newest?.state ?? null,
  };
  await crm.writeContact(state);
};
