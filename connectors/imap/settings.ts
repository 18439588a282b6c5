import * as z from "zod";
import { type ConnectedInbox, ConnectorError } from "../../src/ports/connector.ts";
import { parseSettings } from "../shared/parse-settings.ts";
import { chosenFolders } from "./chosen-folders.ts";

/** What a person fills in. An empty field of a form counts as left out. */
export const settings = z.object({
  host: z.string().trim().min(1).describe("Mail server, such as imap.example.com"),
  port: z.coerce.number().int().min(1).max(65_535).default(993).describe("Port: 993 for TLS, 143 for STARTTLS"),
  security: z.enum(["tls", "starttls"]).default("tls").describe("TLS from the first byte, or STARTTLS (required, never clear text)"),
  username: z.string().trim().min(1).describe("User name, often the whole address"),
  ...chosenFolders,
  pinnedCertificate: z.string().trim().optional().describe("The server's own certificate (PEM), if no known authority issued it"),
});

export const secrets = z.object({ password: z.string().min(1).describe("Password, or an app password where the provider asks for one") });

export type ImapSettings = z.infer<typeof settings>;

/** The settings of an inbox as this connector uses them. Throws ConnectorError "rejected" when they are not its own. */
export const readSettings = (inbox: ConnectedInbox): ImapSettings => parseSettings(settings, inbox.settings);

/** The password as stored. What was stored is never part of the error. */
export const readPassword = (stored: unknown): string => {
  const parsed = secrets.safeParse(stored);
  if (parsed.success) return parsed.data.password;
  throw new ConnectorError("auth", "No password is stored for this inbox. Enter it again.");
};
