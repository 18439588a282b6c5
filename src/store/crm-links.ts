import type { Read, Write } from "../ports/database.ts";
import type { CrmClaim } from "./crm-turns.ts";

/** Where an engagement is in the CRM, and which version of it was written there last. */
export type CrmLink = { crmId: string; version: number };

export const getCrmLink = async (read: Read, accountId: string, engagementId: string): Promise<CrmLink | null> => {
  const row = await read
    .selectFrom("crm_links")
    .select(["crm_id", "version"])
    .where("account_id", "=", accountId)
    .where("engagement_id", "=", engagementId)
    .executeTakeFirst();
  return row ? { crmId: row.crm_id, version: row.version } : null;
};

/** Remembers where an engagement is, under the claim: of a CRM that was disconnected meanwhile nothing is kept. */
export const saveCrmLink = async (tx: Write, claim: CrmClaim, engagementId: string, link: CrmLink): Promise<void> => {
  await tx
    .insertInto("crm_links")
    .columns(["account_id", "engagement_id", "crm_id", "version"])
    .expression((eb) =>
      eb
        .selectFrom("crm_connections")
        .select([
          "account_id",
          eb.cast<string>(eb.val(engagementId), "text").as("engagement_id"),
          eb.cast<string>(eb.val(link.crmId), "text").as("crm_id"),
          eb.cast<number>(eb.val(link.version), "bigint").as("version"),
        ])
        .where("account_id", "=", claim.accountId)
        .where("fence", "=", claim.fence),
    )
    .onConflict((conflict) =>
      conflict.columns(["account_id", "engagement_id"]).doUpdateSet((eb) => ({
        crm_id: eb.ref("excluded.crm_id"),
        version: eb.ref("excluded.version"),
      })),
    )
    .execute();
};
