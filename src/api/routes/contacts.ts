import { z } from "zod";
import { addressKey } from "../../bounces/keys.ts";
import type { Json } from "../../ports/connector.ts";
import type { Read } from "../../ports/database.ts";
import { readAddresses } from "../../store/addresses.ts";
import { type AddressChange, contactTimeline } from "../../store/contact-timeline.ts";
import { type Contact, findContactByAddress, getContact, listContacts } from "../../store/contacts.ts";
import { mergeContacts } from "../../store/merge-contacts.ts";
import { upsertContacts } from "../../store/upsert-contacts.ts";
import { accountOf, callerName } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { engagementQuery, languageOf, presentEngagements } from "../present-engagement.ts";
import { notFound, notFoundOrErased } from "../problem.ts";
import { rfc3339 } from "../rfc3339.ts";
import { addressChange, contact, contactInput, engagement, erasure, listOf, page } from "../shapes.ts";
import { presentErasure } from "./privacy.ts";

const tags = ["contacts"];
const params = z.object({ id: z.string() });
const read = { needs: "read" as const };

export const contactRoutes = (api: Api, deps: ApiDeps): void => {
  api.post(
    "/v1/contacts",
    {
      config: { needs: "write" },
      schema: {
        tags,
        operationId: "upsertContacts",
        summary: "Make or change up to 1,000 contacts at once, each by its externalId.",
        description:
          "From the first call on, bounces are logged for known contacts only, unless the account's logFor says all. Notices that waited for one of these addresses are logged now.",
        body: z.object({ contacts: z.array(contactInput).min(1).max(1000) }),
        response: { 200: z.object({ data: z.array(contact) }) },
      },
    },
    async (request) => {
      const incoming = request.body.contacts.map(({ metadata, ...rest }) => ({ ...rest, ...(metadata && { metadata: metadata as Json }) }));
      const written = await deps.database.transaction((tx) => upsertContacts(tx, accountOf(request), incoming, deps.now()));
      return { data: await presentContacts(deps.database.read, accountOf(request), written) };
    },
  );

  api.get(
    "/v1/contacts",
    {
      config: read,
      schema: {
        tags,
        operationId: "listContacts",
        summary: "Contacts, oldest first.",
        querystring: z.object({ ...page, externalId: z.string().optional(), address: z.string().optional() }),
        response: { 200: listOf(contact) },
      },
    },
    async (request) => {
      const { address, ...rest } = request.query;
      if (address !== undefined) {
        const found = await findContactByAddress(deps.database.read, accountOf(request), address);
        return { data: await presentContacts(deps.database.read, accountOf(request), found ? [found] : []), nextCursor: null };
      }
      const found = await listContacts(deps.database.read, accountOf(request), rest);
      return { data: await presentContacts(deps.database.read, accountOf(request), found.data), nextCursor: found.nextCursor };
    },
  );

  api.get(
    "/v1/contacts/:id",
    { config: read, schema: { tags, operationId: "getContact", summary: "One contact.", params, response: { 200: contact } } },
    async (request) => {
      const found = await getContact(deps.database.read, accountOf(request), request.params.id);
      if (!found) throw await notFoundOrErased(deps.database.read, accountOf(request), "contact", request.params.id);
      return presentOne(deps.database.read, accountOf(request), found);
    },
  );

  api.delete(
    "/v1/contacts/:id",
    {
      config: { needs: "write" },
      schema: {
        operationId: "eraseContact",
        tags,
        summary: "Erase a person for good: addresses, bounces, and what letters and notices said of them.",
        description:
          "Of letters and notices to several people the others' part stays. What was erased does not come back when a mailbox is listed again. What was written to a CRM is erased there by its own means. The receipt ends with the proof.",
        params,
        response: { 200: erasure },
      },
    },
    async (request) => {
      const done = await deps.eraseContact(accountOf(request), request.params.id, callerName(request));
      if (!done) throw await notFoundOrErased(deps.database.read, accountOf(request), "contact", request.params.id);
      return presentErasure(done);
    },
  );

  api.post(
    "/v1/contacts/:id/merge",
    {
      config: { needs: "write" },
      schema: {
        tags,
        operationId: "mergeContacts",
        summary: "Makes two contacts one: addresses and timeline of `from` come here, and `from` is gone.",
        params,
        body: z.strictObject({ from: z.string().describe("The contact that goes.") }),
        response: { 200: contact },
      },
    },
    async (request) => {
      const contacts = { fromId: request.body.from, intoId: request.params.id };
      const merged = await deps.database.transaction((tx) => mergeContacts(tx, accountOf(request), contacts, deps.now()));
      if (!merged) throw notFound("contact");
      return presentOne(deps.database.read, accountOf(request), merged);
    },
  );

  api.get(
    "/v1/contacts/:id/timeline",
    {
      config: read,
      schema: {
        tags,
        operationId: "getContactTimeline",
        summary: "A contact's timeline: its bounces, and what changed at its addresses, newest first.",
        params,
        querystring: z.object(engagementQuery),
        response: { 200: listOf(z.discriminatedUnion("object", [engagement, addressChange])) },
      },
    },
    async (request) => {
      const accountId = accountOf(request);
      const whose = await getContact(deps.database.read, accountId, request.params.id);
      if (!whose) throw await notFoundOrErased(deps.database.read, accountId, "contact", request.params.id);
      const { expand, ...rest } = request.query;
      const found = await contactTimeline(deps.database.read, accountId, whose, rest);
      const bounces = found.data.flatMap(({ bounce }) => bounce ?? []);
      const shown = await presentEngagements(deps, accountId, bounces, languageOf(request), expand);
      const byId = new Map(shown.map((one) => [one.id, one]));
      const data = found.data.flatMap(({ bounce, change }) => (change ? presentChange(change) : (byId.get(bounce.id) ?? [])));
      return { data, nextCursor: found.nextCursor };
    },
  );
};

const presentChange = ({ address, event }: AddressChange): z.infer<typeof addressChange> => ({
  object: "address_change",
  kind: event.kind === "alive" ? "reply_seen" : "unbounced",
  address,
  by: event.kind === "unbounced" ? event.by : null,
  note: event.kind === "unbounced" ? event.note : null,
  occurredAt: rfc3339(event.at),
});

const presentOne = async (read: Read, accountId: string, row: Contact): Promise<z.infer<typeof contact>> => {
  const [shown] = await presentContacts(read, accountId, [row]);
  if (!shown) throw notFound("contact");
  return shown;
};

/** Contacts with what their addresses' health says of them. */
const presentContacts = async (read: Read, accountId: string, rows: readonly Contact[]): Promise<z.infer<typeof contact>[]> => {
  const healths = await readAddresses(
    read,
    accountId,
    rows.flatMap((row) => row.addresses.map(addressKey)),
  );
  return rows.map((row) => {
    const reasons = row.addresses.map((address) => healths.get(addressKey(address))?.reason ?? null);
    return presentContact(row, reasons.find((reason) => reason !== null) ?? null);
  });
};

const presentContact = (row: Contact, hardBounceReason: string | null): z.infer<typeof contact> => ({
  id: row.id,
  object: "contact",
  externalId: row.externalId,
  name: row.name,
  addresses: row.addresses,
  hardBounceReason,
  metadata: row.metadata as Record<string, unknown>,
  createdAt: rfc3339(row.createdAt),
  updatedAt: rfc3339(row.updatedAt),
});
