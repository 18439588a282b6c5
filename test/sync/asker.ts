import type { Language } from "../../src/messages/text.ts";
import type { Database } from "../../src/ports/database.ts";
import type { Asker } from "../../src/sync/explain.ts";
import { now } from "./world.ts";

/** Somebody of the account who may see all of it. */
export const askerOf = (
  { database, accountId }: { database: Pick<Database, "read">; accountId: string },
  more: Partial<Omit<Asker, "read" | "accountId">> & { language?: Language } = {},
): Asker => ({ read: database.read, accountId, language: "en", now, labelOf: async () => "Memory", ...more });
