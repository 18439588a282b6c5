import * as z from "zod";
import { type App, ConnectorError, type Json } from "../../../src/ports/connector.ts";

/** The OAuth client an operator registered with Google. */
export const googleApp = z.object({
  clientId: z.string().min(1).describe("Client id of the OAuth client (type: web application)"),
  clientSecret: z.string().min(1).describe("Its client secret"),
  gateway: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe("Address of a gateway that is asked in place of *.googleapis.com, where the network allows no other way out"),
});

/** What signing in leaves behind; nobody types it. `expiresAt`: when the access token ends, epoch milliseconds. */
export const secrets = z.object({
  refreshToken: z.string().min(1).describe("Made by signing in at Google"),
  accessToken: z.string().optional().describe("Made by signing in at Google"),
  expiresAt: z.number().optional().describe("Made by signing in at Google"),
});

/** A whole organisation's mailboxes are opened by the operator's key alone: an inbox stores no more than the last access token. */
export const domainSecrets = secrets.omit({ refreshToken: true });

export type GoogleApp = z.infer<typeof googleApp>;
export type Secrets = z.infer<typeof domainSecrets> & { refreshToken?: string | undefined };

/** What the operator entered, as a schema reads it. Throws ConnectorError "rejected", naming what is `wanted`. */
export const readAs = <T>(schema: z.ZodType<T>, given: App, wanted: string): T => {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConnectorError("rejected", `Gmail cannot be used here yet: the operator has to enter ${wanted} first.`);
};

/** The operator's OAuth client. Throws ConnectorError "rejected" where none is set up. */
export const readApp = (given: App): GoogleApp => readAs(googleApp, given, "the Google app's client id and secret");

/** Stored secrets. What was stored is never part of the error. */
export const readSecrets = (stored: Json): Secrets => {
  const parsed = domainSecrets.extend({ refreshToken: z.string().min(1).optional() }).safeParse(stored ?? {});
  if (parsed.success) return parsed.data;
  throw new ConnectorError("auth", "Nothing usable is stored for this inbox. Sign in at Google again.");
};
