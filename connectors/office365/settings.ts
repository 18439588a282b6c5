import * as z from "zod";
import type { App, ConnectedInbox } from "../../src/ports/connector.ts";
import { exchangeFolders } from "../shared/exchange-folders.ts";
import { microsoftApp, readMicrosoftApp } from "../shared/microsoft/microsoft-app.ts";
import { parseSettings } from "../shared/parse-settings.ts";

/** What a person fills in. Strict, so that another connector's settings are refused. */
export const settings = z.strictObject({
  access: z
    .enum(["delegated", "application"])
    .default("delegated")
    .describe("Sign in as a person (delegated), or let the app read the mailbox by an administrator's leave (application)"),
  ...exchangeFolders,
});

/**
 * The app an operator registered in Microsoft Entra. The two addresses are for national clouds (learn.microsoft.com, "Microsoft
 * Graph national cloud deployments"), and the one way to point the connector elsewhere.
 */
export const app = microsoftApp.extend({
  sharedMailboxes: z.boolean().default(false).describe("Ask for Mail.Read.Shared too, so that people can connect shared mailboxes"),
  graphUrl: z.url().default("https://graph.microsoft.com").describe("Microsoft Graph; another one only for national clouds"),
});

export type Office365Settings = z.infer<typeof settings>;
export type Office365App = z.infer<typeof app>;

/** The settings of an inbox as this connector uses them. Throws ConnectorError "rejected" when they are not its own. */
export const readSettings = (inbox: ConnectedInbox): Office365Settings => parseSettings(settings, inbox.settings);

/** The operator's app. ConnectorError "rejected" where none is set up, or its fields cannot be used. */
export const readApp = (stored: App): Office365App => {
  const read = readMicrosoftApp(app, stored);
  return { ...read, graphUrl: new URL(read.graphUrl).origin };
};

/** The permissions asked of a person, each only to read. offline_access lets us read while nobody is at the browser. */
export const scopesFor = (app: Office365App): string[] => [
  `${app.graphUrl}/Mail.Read`,
  ...(app.sharedMailboxes ? [`${app.graphUrl}/Mail.Read.Shared`] : []),
  `${app.graphUrl}/User.Read`,
];
