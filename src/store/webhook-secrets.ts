import { randomBytes } from "node:crypto";
import type { Read, Write } from "../ports/database.ts";
import { type Keys, open, type SealedAt, seal, sealedWith } from "./secrets.ts";

type Place = { accountId: string; webhookId: string; column: "secret" | "previous_secret" };

/** `whsec_` and 32 random bytes in base64 (Standard Webhooks, "Signature scheme": 24 to 64). */
export const newSigningSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** Seals a signing secret for its column; it opens in no other row. */
export const sealSigningSecret = (keys: Keys, place: Place, secret: string): string => seal(keys, placeOf(place), secret);

/** What requests to an endpoint are signed with now, newest first; null when there is no such endpoint. */
export const webhookSecrets = async (
  read: Read,
  keys: Keys,
  accountId: string,
  webhookId: string,
  now: number,
): Promise<string[] | null> => {
  const row = await read
    .selectFrom("webhooks")
    .select(["secret", "previous_secret", "previous_until"])
    .where("account_id", "=", accountId)
    .where("id", "=", webhookId)
    .executeTakeFirst();
  if (!row) return null;
  const newest = open(keys, placeOf({ accountId, webhookId, column: "secret" }), row.secret);
  if (row.previous_secret === null || (row.previous_until ?? 0) <= now) return [newest];
  return [newest, open(keys, placeOf({ accountId, webhookId, column: "previous_secret" }), row.previous_secret)];
};

/** Seals all signing secrets anew under the newest key; part of `resealSecrets`. Returns how many. */
export const resealWebhookSecrets = async (tx: Write, keys: Keys): Promise<number> => {
  const rows = await tx.selectFrom("webhooks").select(["account_id", "id", "secret", "previous_secret"]).execute();
  const old = rows.filter((row) =>
    [row.secret, row.previous_secret].some((sealed) => sealed && sealedWith(sealed) !== keys.sealing[0]?.id),
  );
  for (const row of old) {
    const anew = (column: Place["column"], sealed: string): string => {
      const at = placeOf({ accountId: row.account_id, webhookId: row.id, column });
      return seal(keys, at, open(keys, at, sealed));
    };
    await tx
      .updateTable("webhooks")
      .set({
        secret: anew("secret", row.secret),
        previous_secret: row.previous_secret === null ? null : anew("previous_secret", row.previous_secret),
      })
      .where("account_id", "=", row.account_id)
      .where("id", "=", row.id)
      .execute();
  }
  return old.length;
};

const placeOf = ({ accountId, webhookId, column }: Place): SealedAt => ({ table: "webhooks", accountId, row: webhookId, column });
