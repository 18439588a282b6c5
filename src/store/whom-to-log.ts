import type { Write } from "../ports/database.ts";
import { addressOwners } from "./contacts.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";
import type { Tie } from "./tie-notices.ts";

/**
 * `contact`: on the contact the address belongs to (or the engagement that is there already); `make`: a contact is to be made for
 * it; `wait`: not now, but when the CRM names the address; `never`: not at all. `because` is the sentence for support.
 */
export type Decision = { log: "contact" | "make" | "wait" | "never"; because: string };

/**
 * Whose timeline each tie goes to, by the account's `logFor` and its list of addresses and domains never to log. `auto` is `all`
 * until the CRM has upserted contacts, then `known`: a rep's doctor does not belong in a CRM.
 */
export const decideWhomToLog = async (tx: Write, accountId: string, ties: readonly Tie[]): Promise<Map<string, Decision>> => {
  if (ties.length === 0) return new Map();
  const account = await tx
    .selectFrom("accounts")
    .select(["log_for", "has_contacts", "never_log"])
    .where("id", "=", accountId)
    .executeTakeFirstOrThrow();
  const onlyKnown = account.log_for === "known" || (account.log_for === "auto" && account.has_contacts === 1);
  const never = new Set(fromJson<string[]>(account.never_log));
  const keys = ties.map((tie) => tie.match.recipient.addressKey);
  const owners = await addressOwners(tx, accountId, keys);
  const logged = await loggedKeys(tx, accountId, ties);
  return new Map(
    ties.map((tie) => {
      const key = tie.match.recipient.addressKey;
      if (never.has(key) || never.has(key.slice(key.lastIndexOf("@")))) return [tie.key, neverLogged];
      // What is on a timeline already goes on there, whatever the rule says by now.
      if (logged.has(tie.key)) return [tie.key, onContact];
      const owner = owners.get(key);
      if (onlyKnown) return [tie.key, owner?.fromCrm ? onContact : notKnown];
      return [tie.key, owner ? onContact : makeOne];
    }),
  );
};

const neverLogged: Decision = { log: "never", because: "Not logged: the account never logs this address or domain." };
const onContact: Decision = { log: "contact", because: "Logged on the contact with this address." };
const notKnown: Decision = { log: "wait", because: "Not logged: no contact of the CRM has this address; it will be when one gets it." };
const makeOne: Decision = { log: "make", because: "Logged on a contact made for this address." };

const loggedKeys = async (tx: Write, accountId: string, ties: readonly Tie[]): Promise<Set<string>> => {
  const rows = await inBatches([...new Set(ties.map((tie) => tie.sent.id))].sort(), (batch) =>
    tx
      .selectFrom("engagements")
      .select(["sent_message_id", "recipient_key"])
      .where("account_id", "=", accountId)
      .where("sent_message_id", "in", batch)
      .execute(),
  );
  return new Set(rows.map((row) => `${row.sent_message_id} ${row.recipient_key}`));
};
