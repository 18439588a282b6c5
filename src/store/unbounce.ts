import { addressKey } from "../bounces/keys.ts";
import type { Write } from "../ports/database.ts";
import type { AddressHealth } from "../timeline/address-health.ts";
import { appendAddressEvents, readAddresses } from "./addresses.ts";
import { appendEvents } from "./events.ts";
import { newId } from "./ids.ts";

/**
 * Makes an address usable again, with who said so and why; the engagements keep their history. Null when nothing ever happened to
 * the address. Appends events, so it is called once and late in its transaction.
 */
export const unbounce = async (
  tx: Write,
  accountId: string,
  address: string,
  by: string,
  note: string,
  now: number,
): Promise<AddressHealth | null> => {
  const key = addressKey(address);
  if (!(await readAddresses(tx, accountId, [key])).has(key)) return null;
  const event = { kind: "unbounced", at: now, by, note } as const;
  const events = await appendAddressEvents(tx, accountId, [{ addressKey: key, id: `unbounced/${newId("evt", now)}`, event }], false, now);
  await appendEvents(tx, accountId, events, now);
  return (await readAddresses(tx, accountId, [key])).get(key) ?? null;
};
