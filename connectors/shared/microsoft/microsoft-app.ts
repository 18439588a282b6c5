import * as z from "zod";
import { type App, ConnectorError, type Json } from "../../../src/ports/connector.ts";

/** The app an operator registered in Microsoft Entra. */
export const microsoftApp = z.object({
  clientId: z.string().trim().min(1).describe("Application (client) ID of the app registration"),
  clientSecret: z.string().min(1).describe("Value of a client secret of the app registration"),
  tenant: z
    .string()
    .trim()
    .min(1)
    .default("organizations")
    .describe("Directory (tenant) ID or domain; organizations for people of any company. Application access needs one tenant"),
  signInUrl: z.url().default("https://login.microsoftonline.com").describe("Sign-in service; another one only for national clouds"),
});

/** What is sealed per inbox. Filled in by signing in; empty for application access until the first token. */
export const secrets = z.object({
  cache: z.string().default("").describe("What signing in at Microsoft left behind (made by signing in)"),
  accessToken: z.string().default("").describe("The access token in use (made by signing in)"),
  expiresAt: z.number().default(0).describe("When the access token ends (made by signing in)"),
});

export type MicrosoftApp = z.infer<typeof microsoftApp>;
export type Tokens = z.infer<typeof secrets>;

/** The operator's app, as a connector's schema reads it. ConnectorError "rejected" where none is set up, or its fields cannot be used. */
export const readMicrosoftApp = <T extends MicrosoftApp>(schema: z.ZodType<T>, stored: App): T => {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return { ...parsed.data, signInUrl: new URL(parsed.data.signInUrl).origin };
  const fields = stored === null ? "it is missing" : parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new ConnectorError(
    "rejected",
    `The app for Microsoft 365 is not set up on this server (${fields}). Ask the operator to set it up.`,
  );
};

/** What is sealed for an inbox. What was stored is never part of the error. */
export const readTokens = (stored: Json): Tokens => {
  const parsed = secrets.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new ConnectorError("auth", "Nobody has signed in to this mailbox at Microsoft yet. Sign in.");
};
