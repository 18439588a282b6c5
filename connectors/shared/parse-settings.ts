import type * as z from "zod";
import { ConnectorError, type Json } from "../../src/ports/connector.ts";

/** Settings as a connector's schema reads them. Throws ConnectorError "rejected" that names each field that is wrong, never a value. */
export const parseSettings = <T>(schema: z.ZodType<T>, settings: Json): T => {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "settings"}: ${message}`);
  throw new ConnectorError("rejected", `The settings of this inbox cannot be used (${problems.join("; ")}). Correct them.`);
};
