import type { ConnectedInbox, Tools } from "../../src/ports/connector.ts";
import { readPassword, readSettings } from "./settings.ts";

/** What a server is logged in to with: a password, or an access token (OAUTHBEARER, RFC 7628, or XOAUTH2). */
export type Login = { pass: string } | { accessToken: string };

/** How a mailbox is reached: where, as whom, with what; and the folders its owner chose. */
export type WayIn = {
  host: string;
  port: number;
  security: "tls" | "starttls";
  pinnedCertificate: string | undefined;
  username: string;
  /** True where its owner signs in at the provider's page. */
  byToken: boolean;
  sentFolder: string | undefined;
  extraFolders: readonly string[];
  /** `refused`: the access token the server has just refused, or null. Throws ConnectorError "auth" where there is nothing to log in with. */
  login(refused: string | null): Promise<Login>;
};

export type FindWay = (inbox: ConnectedInbox, tools: Tools) => WayIn;

/** With the password and the settings that were entered. Throws ConnectorError "rejected" where these are not its own. */
export const byPassword: FindWay = (inbox, { credentials }) => {
  const { pinnedCertificate, sentFolder, ...place } = readSettings(inbox);
  return {
    ...place,
    pinnedCertificate,
    sentFolder,
    byToken: false,
    login: async () => ({ pass: readPassword(await credentials.read()) }),
  };
};
