import * as z from "zod";
import { type App, type ConnectedInbox, ConnectorError, type Json } from "../../src/ports/connector.ts";
import { parseSettings } from "../shared/parse-settings.ts";

/** What a person fills in. Strict, so that another connector's settings are refused. */
export const settings = z.strictObject({
  access: z
    .enum(["delegated", "application"])
    .default("delegated")
    .describe("Sign in as a person (delegated), or let the app read the mailbox by an administrator's leave (application)"),
  sharedMailbox: z
    .string()
    .trim()
    .optional()
    .describe("Address of a shared mailbox you may open, if it is not your own that is to be watched"),
  extraFolders: z
    .array(z.string().trim().min(1))
    .default([])
    .describe("Further folders to watch, such as one a rule files notices into; a folder inside another as Inbox/Bounces"),
});

/** What is sealed per inbox. Filled in by signing in; empty for application access until the first token. */
export const secrets = z.object({
  cache: z.string().default("").describe("What signing in at Microsoft left behind (made by signing in)"),
  accessToken: z.string().default("").describe("The access token in use (made by signing in)"),
  expiresAt: z.number().default(0).describe("When the access token ends (made by signing in)"),
});

/**
 * The app an operator registered in Microsoft Entra. The two addresses are for national clouds (learn.microsoft.com, "Microsoft
 * Graph national cloud deployments"), and the one way to point the connector elsewhere.
 */
export const app = z.object({
  clientId: z.string().trim().min(1).describe("Application (client) ID of the app registration"),
  clientSecret: z.string().min(1).describe("Value of a client secret of the app registration"),
  tenant: z
    .string()
    .trim()
    .min(1)
    .default("organizations")
    .describe("Directory (tenant) ID or domain; organizations for people of any company. Application access needs one tenant"),
  sharedMailboxes: z.boolean().default(false).describe("Ask for Mail.Read.Shared too, so that people can connect shared mailboxes"),
  signInUrl: z.url().default("https://login.microsoftonline.com").describe("Sign-in service; another one only for national clouds"),
  graphUrl: z.url().default("https://graph.microsoft.com").describe("Microsoft Graph; another one only for national clouds"),
});

export type Office365Settings = z.infer<typeof settings>;
export type Office365App = z.infer<typeof app>;
export type Tokens = z.infer<typeof secrets>;

/** The settings of an inbox as this connector uses them. Throws ConnectorError "rejected" when they are not its own. */
export const readSettings = (inbox: ConnectedInbox): Office365Settings => parseSettings(settings, inbox.settings);

const origin = (url: string): string => new URL(url).origin;

/** The operator's app. ConnectorError "rejected" where none is set up, or its fields cannot be used. */
export const readApp = (stored: App): Office365App => {
  const parsed = app.safeParse(stored);
  if (parsed.success) return { ...parsed.data, signInUrl: origin(parsed.data.signInUrl), graphUrl: origin(parsed.data.graphUrl) };
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
