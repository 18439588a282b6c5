import { z } from "zod";
import { addressKey } from "../../bounces/keys.ts";
import { addressText, globalText } from "../../messages/address-text.ts";
import type { Language } from "../../messages/text.ts";
import { readAddresses } from "../../store/addresses.ts";
import { appealGlobal, globallyBounced } from "../../store/global-bounces.ts";
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

const by = z.string().min(1).max(200).default("the CRM").describe("Who says so.");

export const addressRoutes = (api: Api, deps: ApiDeps): void => {
  const showAll = async (accountId: string, given: readonly string[], wish: Language): Promise<z.infer<typeof address>[]> => {
    const { read } = deps.database;
    const keys = given.map(addressKey);
    const found = await readAddresses(read, accountId, keys);
    const global = await globallyBounced(read, deps.keys, accountId, keys, deps.now());
    return given.map((one) => present(one, found.get(addressKey(one)) ?? null, global.has(addressKey(one)), wish));
  };
  const show = async (accountId: string, given: string, wish: Language): Promise<z.infer<typeof address>> => {
    const [one] = await showAll(accountId, [given], wish);
    if (!one) throw new Error("show: nothing was asked for");
    return one;
  };

  api.get(
    "/v1/addresses/:address",
    {
      config: { needs: "read" },
      schema: {
        tags,
        operationId: "getAddress",
        summary: "Whether mail can go to an address.",
        description: "An address nothing is known of is answered too: known is false, and it is eligible.",
        params,
        querystring,
        response: { 200: address },
      },
    },
    async (request) => {
      return show(accountOf(request), request.params.address, languageOf(request));
    },
  );

  api.post(
    "/v1/addresses/check",
    {
      config: { needs: "read" },
      schema: {
        tags,
        operationId: "checkAddresses",
        summary: "Whether mail can go to up to 1,000 addresses: whom marketing must leave out.",
        body: z.object({ addresses: z.array(z.string().min(1).max(320)).min(1).max(1000) }),
        querystring,
        response: { 200: z.object({ data: z.array(address) }) },
      },
    },
    async (request) => {
      return { data: await showAll(accountOf(request), request.body.addresses, languageOf(request)) };
    },
  );

  api.post(
    "/v1/addresses/:address/unbounce",
    {
      config: { needs: "write", problems: ["not-found"] },
      schema: {
        tags,
        operationId: "unbounceAddress",
        summary: "Make an address usable again, with a note why. The bounces stay on the timeline.",
        params,
        querystring,
        body: z.object({ note: z.string().min(1).max(1000), by }),
        response: { 200: address },
      },
    },
    async (request) => {
      const { note, by } = request.body;
      const health = await deps.database.transaction((tx) =>
        unbounce(tx, accountOf(request), request.params.address, by, note, deps.now()),
      );
      if (!health) throw new Problem("not-found", "No bounce is known of this address in this account: there is nothing to undo.");
      return show(accountOf(request), request.params.address, languageOf(request));
    },
  );

  api.post(
    "/v1/addresses/:address/appeal",
    {
      config: { needs: "write", problems: ["not-found"] },
      schema: {
        tags,
        operationId: "appealAddress",
        summary: "Say that the global rule is wrong about an address: it no longer counts for this account.",
        params,
        querystring,
        body: z.object({ note: z.string().min(1).max(1000), by }),
        response: { 200: address },
      },
    },
    async (request) => {
      const key = addressKey(request.params.address);
      const accountId = accountOf(request);
      const global = await globallyBounced(deps.database.read, deps.keys, accountId, [key], deps.now());
      if (!global.has(key)) throw new Problem("not-found", "The global rule says nothing about this address in this account.");
      await deps.database.transaction((tx) => appealGlobal(tx, deps.keys, accountId, key, request.body, deps.now()));
      return show(accountId, request.params.address, languageOf(request));
    },
  );
};

const present = (given: string, health: AddressHealth | null, global: boolean, wish: Language): z.infer<typeof address> => {
  const own = health?.eligible === false;
  const text = global && !own ? globalText(wish) : addressText(wish, health);
  return {
    object: "address",
    address: given,
    known: health !== null || global,
    marketing: { eligible: !own && !global, reason: own ? (health.reason ?? "other") : global ? "global" : null },
    oneToOne: { eligible: true, warning: own || global ? text : null },
    // Empty where only the global rule applies: this account has no bounce of its own.
    hardBounceReason: health?.reason ?? null,
    globalBounce: global,
    since: rfc3339OrNull(health?.since ?? null),
    engagementId: health?.engagementId ?? null,
    lastSignOfLife: rfc3339OrNull(health?.lastSignOfLife ?? null),
    unbounce: { allowed: own },
    appeal: { allowed: global },
    text,
  };
};
