import { z } from "zod";
import { addressKey } from "../../bounces/keys.ts";
import { listAudit } from "../../store/audit-log.ts";
import { type Erasure, listErasures } from "../../store/erasures.ts";
import { addressHash } from "../../store/secrets.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import { auditEntry, erasure, listOf, page } from "../shapes.ts";

const tags = ["privacy"];

/** What was erased, and who read or changed what. */
export const privacyRoutes = (api: Api, deps: ApiDeps): void => {
  api.get(
    "/v1/erasures",
    {
      config: { needs: "read" },
      schema: {
        operationId: "listErasures",
        tags,
        summary: "Receipts of what was erased, oldest first.",
        querystring: z.object(page),
        response: { 200: listOf(erasure) },
      },
    },
    async (request) => {
      const found = await listErasures(deps.database.read, accountOf(request), request.query);
      return { data: found.data.map(presentErasure), nextCursor: found.nextCursor };
    },
  );

  api.get(
    "/v1/audit",
    {
      config: { needs: "write" },
      schema: {
        operationId: "listAudit",
        tags,
        summary: "Who read or changed what, newest first.",
        description: "Changes stand here before they are made, reads once they were answered. Kept for 400 days.",
        querystring: z.object({
          ...page,
          subject: z.string().optional().describe("Only what was done to the object with this id."),
          address: z.string().optional().describe("Only what was done to this address."),
        }),
        response: { 200: listOf(auditEntry) },
      },
    },
    async (request) => {
      const { subject, address, ...rest } = request.query;
      // Whoever reads the log sees what was read up to now.
      await deps.audit.flush();
      const wanted = address === undefined ? subject : addressHash(deps.keys, addressKey(address));
      const found = await listAudit(deps.database.read, accountOf(request), { ...rest, subject: wanted });
      const data = found.data.map(({ id, by, action, subject: of, at }) => ({ id, by, action, subject: of, at: rfc3339(at) }));
      return { data, nextCursor: found.nextCursor };
    },
  );
};

export const presentErasure = (row: Erasure): z.infer<typeof erasure> => ({
  id: row.id,
  object: "erasure",
  kind: row.kind,
  subjectId: row.subjectId,
  by: row.by,
  removed: row.removed,
  changed: row.changed,
  leftBehind: row.leftBehind,
  checkedAt: rfc3339OrNull(row.checkedAt),
  erasedAt: rfc3339(row.at),
});
