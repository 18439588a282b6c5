import * as z from "zod";
import { type ConnectedInbox, ConnectorError, type Json } from "../../src/ports/connector.ts";
import { exchangeFolders } from "../shared/exchange-folders.ts";
import { parseSettings } from "../shared/parse-settings.ts";

/** What a person fills in. An empty field of a form counts as left out. */
export const settings = z.object({
  server: z
    .string()
    .trim()
    .min(1)
    .describe("Address of Exchange Web Services, such as https://mail.example.com/EWS/Exchange.asmx; the server's name alone will do"),
  username: z.string().trim().min(1).describe("User name: DOMAIN\\user, or the address you sign in to Windows with"),
  ...exchangeFolders,
  pinnedCertificate: z.string().trim().optional().describe("The server's own certificate (PEM), if no known authority issued it"),
});

export const secrets = z.object({ password: z.string().min(1).describe("Password of the Windows account") });

export type ExchangeSettings = Omit<z.infer<typeof settings>, "server"> & { url: URL };

/** Where Exchange Web Services lie on a server, unless somebody moved them. */
export const usualPath = "/EWS/Exchange.asmx";

const urlOf = (server: string): URL | null => {
  const text = server.includes("://") ? server : `https://${server}`;
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== "https:" || url.username !== "" || url.password !== "" || url.hash !== "") return null;
  return url.pathname === "/" ? new URL(usualPath, url) : url;
};

/** True for hosts of Exchange Online. */
export const isInCloud = (host: string): boolean => /(?:^|\.)(?:office365\.com|outlook\.com|office\.com)$/i.test(host.replace(/\.$/, ""));

/** The settings of an inbox as this connector uses them. Throws ConnectorError "rejected" when they cannot be used. */
export const readSettings = (inbox: ConnectedInbox): ExchangeSettings => {
  const { server, ...rest } = parseSettings(settings, inbox.settings);
  const url = urlOf(server);
  if (url === null) {
    throw new ConnectorError("rejected", "The server's address must begin with https:// or be its name alone, without a password in it.");
  }
  if (isInCloud(url.hostname)) {
    throw new ConnectorError(
      "rejected",
      "Microsoft has closed this way (EWS) to mailboxes in Microsoft 365. Connect this mailbox by signing in at Microsoft.",
    );
  }
  return { ...rest, url };
};

/** The password as stored. What was stored is never part of the error. */
export const readPassword = (stored: Json): string => {
  const parsed = secrets.safeParse(stored);
  if (parsed.success) return parsed.data.password;
  throw new ConnectorError("auth", "No password is stored for this inbox. Enter it again.");
};
