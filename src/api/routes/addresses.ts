import { z } from "zod";
import { addressKey } from "../../bounces/keys.ts";
import { addressText } from "../../messages/address-text.ts";
import type { Language } from "../../messages/text.ts";
import { readAddresses } from "../../store/addresses.ts";
import { unbounce } from "../../store/unbounce.ts";
import type { AddressHealth } from "../../timeline/address-health.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { languageOf } from "../present-engagement.ts";
import { Problem } from "../problem.ts";
import { rfc3339OrNull } from "../rfc3339.ts";
import { address, language } from "../shapes.ts";

const tags = ["addresses"];
const params = z.object({ address: z.string().min(3).max(320) });
const querystring = z.object({ language });

export const addressRoutes = (api: Api, deps: ApiDeps): void => {
  api.get(
    "/v1/addresses/:address",
    {
      config: { needs: "read" },
      schema: {
        tags,
        summary: "Whether mail can go to an address.",
        description: "An address nothing is known of is answered too: known is false, and it is eligible.",
        params,
        querystring,
        response: { 200: address },
      },
    },
    async (request) => {
      const key = addressKey(request.params.address);
      const found = await readAddresses(deps.database.read, accountOf(request), [key]);
      return present(request.params.address, found.get(key) ?? null, languageOf(request));
    },
  );

  api.post(
    "/v1/addresses/check",
    {
      config: { needs: "read" },
      schema: {
        tags,
        summary: "Whether mail can go to up to 1,000 addresses: whom marketing must leave out.",
        body: z.object({ addresses: z.array(z.string().min(1).max(320)).min(1).max(1000) }),
        querystring,
        response: { 200: z.object({ data: z.array(address) }) },
      },
    },
    async (request) => {
      const { addresses } = request.body;
      const found = await readAddresses(deps.database.read, accountOf(request), addresses.map(addressKey));
      return { data: addresses.map((one) => present(one, found.get(addressKey(one)) ?? null, languageOf(request))) };
    },
  );

  api.post(
    "/v1/addresses/:address/unbounce",
    {
      config: { needs: "write" },
      schema: {
        tags,
        summary: "Make an address usable again, with a note why. The bounces stay on the timeline.",
        params,
        querystring,
        body: z.object({ note: z.string().min(1).max(1000), by: z.string().min(1).max(200).default("the CRM") }),
        response: { 200: address },
      },
    },
    async (request) => {
      const { note, by } = request.body;
      const health = await deps.database.transaction((tx) =>
        unbounce(tx, accountOf(request), request.params.address, by, note, deps.now()),
      );
      if (!health) throw new Problem("not-found", "No bounce is known of this address in this account: there is nothing to undo.");
      return present(request.params.address, health, languageOf(request));
    },
  );
};

const present = (given: string, health: AddressHealth | null, wish: Language): z.infer<typeof address> => ({
  object: "address",
  address: given,
  known: health !== null,
  marketing: { eligible: health?.eligible ?? true, reason: health?.eligible === false ? (health.reason ?? "other") : null },
  oneToOne: { eligible: true, warning: health?.eligible === false ? addressText(wish, health) : null },
  hardBounceReason: health?.reason ?? null,
  globalBounce: false,
  since: rfc3339OrNull(health?.since ?? null),
  engagementId: health?.engagementId ?? null,
  lastSignOfLife: rfc3339OrNull(health?.lastSignOfLife ?? null),
  unbounce: { allowed: health?.eligible === false },
  text: addressText(wish, health),
});
