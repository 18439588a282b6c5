import { Agent as HttpAgent } from "node:http";
import { Agent } from "node:https";
import type { Client } from "@hubspot/api-client";
import type { Crm, CrmContactKey, CrmContactState, CrmEngagement, OpenCrm } from "../../ports/crm.ts";
import { callHubspot, isRefused } from "./call-hubspot.ts";
import { type EmailProperties, emailProperties, idProperty } from "./email-properties.ts";
import { hardBounceEnum, hardBounceOption, ourGroup, ourProperties, type Portal, readPortal } from "./portal.ts";

type Api = {
  client: Client;
  portal: Portal;
  /** Makes one call; throws CrmError. */
  call: <T>(fn: () => Promise<T>) => Promise<T>;
};

type Properties = Record<string, string>;

const address = "https://api.hubapi.com";

/** HubSpot, through its own client. `basePath` is for tests. */
export const openHubspot =
  (basePath = address): OpenCrm =>
  async ({ token, memory, timeoutMs }) => {
    // Loaded when first needed: it is large.
    const { Client } = await import("@hubspot/api-client");
    const agent = basePath.startsWith("http:") ? new HttpAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
    const client = new Client({ accessToken: token, basePath, httpAgent: agent, numberOfApiCallRetries: 0 });
    const call: Api["call"] = (fn) => callHubspot(fn, timeoutMs, () => agent.destroy());
    return hubspotCrm({ client, call, portal: readPortal(memory) }, () => agent.destroy());
  };

const hubspotCrm = (api: Api, close: () => void): Crm => ({
  prepare: () => preparePortal(api),
  writeEngagement: (engagement, crmId) => writeEngagement(api, engagement, crmId),
  writeContact: (contact) => writeContact(api, contact),
  memory: () => structuredClone(api.portal),
  close,
});

const preparePortal = async (api: Api): Promise<void> => {
  if (api.portal.prepared) return;
  for (const object of ["emails", "contacts"] as const) {
    await unlessThere(() => api.call(() => api.client.crm.properties.groupsApi.create(object, ourGroup)));
    for (const property of ourProperties[object]) {
      // Their enums are strings at run time; ours are the same strings.
      const wish = property as unknown as Parameters<typeof api.client.crm.properties.coreApi.create>[1];
      await unlessThere(() => api.call(() => api.client.crm.properties.coreApi.create(object, wish)));
    }
  }
  await readHardBounceEnum(api);
  api.portal.prepared = true;
};

/** 409: it is there already, which is what we want. */
const unlessThere = async (create: () => Promise<unknown>): Promise<void> => {
  try {
    await create();
  } catch (error) {
    if (!isRefused(error, 409)) throw error;
  }
};

const readHardBounceEnum = async (api: Api): Promise<void> => {
  try {
    const found = await api.call(() => api.client.crm.properties.coreApi.getByName("contacts", hardBounceEnum));
    api.portal.hardBounceOptions = found.options.map(({ value }) => value);
    if (found.modificationMetadata?.readOnlyValue) refuse(api.portal, [hardBounceEnum]);
  } catch (error) {
    if (!isRefused(error, 404)) throw error;
    refuse(api.portal, [hardBounceEnum]);
  }
};

const refuse = (portal: Portal, names: readonly string[]): void => {
  portal.refused = [...new Set([...portal.refused, ...names])];
};

/** Writes what is needed, and what is wished as far as the portal takes it. */
const writeWhatIsTaken = async <T>(
  { portal }: Api,
  needed: Properties,
  wished: Properties,
  write: (properties: Properties) => Promise<T>,
): Promise<T> => {
  const taken = Object.entries(wished).filter(([name]) => !portal.refused.includes(name));
  if (taken.length === 0) return write(needed);
  try {
    return await write({ ...needed, ...Object.fromEntries(taken) });
  } catch (error) {
    if (!isRefused(error, 400, 403)) throw error;
    // Without them the same is accepted: then it was these properties, and they are not tried again.
    const written = await write(needed);
    refuse(
      portal,
      taken.map(([name]) => name),
    );
    return written;
  }
};

const writeEngagement = async (api: Api, engagement: CrmEngagement, crmId: string | null): Promise<string | null> => {
  const properties = emailProperties(engagement);
  const known = crmId ?? (await findEmail(api, engagement.id));
  if (known !== null) return updateEmail(api, known, properties);
  const contact = await findContact(api, engagement.contact);
  if (contact === null) return null;
  try {
    return await createEmail(api, contact.id, properties);
  } catch (error) {
    // Made between our question and now, by a call of ours that came late. A unique value that is taken is 409 or 400.
    const made = isRefused(error, 409, 400) ? await findEmail(api, engagement.id) : null;
    if (made === null) throw error;
    return updateEmail(api, made, properties);
  }
};

/** By our own unique property, which is read where it was written; HubSpot's search lags behind its writes. */
const findEmail = (api: Api, engagementId: string): Promise<string | null> =>
  orNull(async () => {
    const { basicApi } = api.client.crm.objects.emails;
    const found = await api.call(() => basicApi.getById(engagementId, [idProperty], undefined, undefined, undefined, idProperty));
    return found.id;
  });

/** E-mail to contact, as HubSpot defines it: https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide */
const emailToContact = 198;

const createEmail = async (api: Api, contactId: string, { needed, wished }: EmailProperties): Promise<string> => {
  const types = [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: emailToContact }];
  const associations = [{ to: { id: contactId }, types }];
  type Wish = Parameters<typeof api.client.crm.objects.emails.basicApi.create>[0];
  // Their enums are strings at run time; ours are the same strings.
  const create = (properties: Properties) =>
    api.call(() => api.client.crm.objects.emails.basicApi.create({ properties, associations } as unknown as Wish));
  return (await writeWhatIsTaken(api, needed, wished, create)).id;
};

/** What a person deleted in HubSpot stays deleted. */
const updateEmail = async (api: Api, id: string, { needed, wished }: EmailProperties): Promise<string> => {
  const { basicApi } = api.client.crm.objects.emails;
  const update = (properties: Properties) => orNull(() => api.call(() => basicApi.update(id, { properties })));
  await writeWhatIsTaken(api, needed, wished, update);
  return id;
};

/** A contact in HubSpot; the one it was merged into, where it was. */
type Contact = { id: string; properties: Readonly<Record<string, string | null>> };

const ourReason = "bounceline_hard_bounce_reason";

const findContact = async (api: Api, { externalId, address }: CrmContactKey): Promise<Contact | null> => {
  const { basicApi } = api.client.crm.contacts;
  const find = (id: string, by?: "email"): Promise<Contact | null> =>
    orNull(() => api.call(() => basicApi.getById(id, ["email", ourReason, hardBounceEnum], undefined, undefined, undefined, by)));
  const isId = externalId !== null && /^\d{1,19}$/.test(externalId);
  return (isId ? await find(externalId) : null) ?? find(address, "email");
};

const orNull = async <T>(find: () => Promise<T>): Promise<T | null> => {
  try {
    return await find();
  } catch (error) {
    if (isRefused(error, 404)) return null;
    throw error;
  }
};

const writeContact = async (api: Api, contact: CrmContactState): Promise<boolean> => {
  const found = await findContact(api, contact);
  if (found === null) return false;
  const ours = { [ourReason]: contact.hardBounceReason ?? "", bounceline_bounce_state: contact.bounceState ?? "" };
  const update = async (properties: Properties): Promise<boolean> =>
    (await orNull(() => api.call(() => api.client.crm.contacts.basicApi.update(found.id, { properties })))) !== null;
  const theirs = theirReason(api.portal, contact, found);
  return writeWhatIsTaken(api, ours, theirs === null ? {} : { [hardBounceEnum]: theirs }, update);
};

/** What HubSpot's own field is to say; null: it is left alone. Emptied is only what we wrote: HubSpot writes it too. */
const theirReason = (portal: Portal, { hardBounceReason }: CrmContactState, { properties }: Contact): string | null => {
  if (hardBounceReason !== null) return hardBounceOption(portal, hardBounceReason);
  const [before, theirs] = [properties[ourReason], properties[hardBounceEnum]];
  return before && theirs && hardBounceOption(portal, before) === theirs ? "" : null;
};
