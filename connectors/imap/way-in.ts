import type { ConnectedInbox, Tools } from "../../src/ports/connector.ts";
import { parseSettings } from "../shared/parse-settings.ts";
import { foldersAlone } from "./chosen-folders.ts";
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

/** With an access token, at the host of a provider at whose page its owner signs in. `tokenFor`: one other than the token that was refused. */
export const byToken =
  (host: string, tokenFor: (tools: Tools) => (refused: string | null) => Promise<string>): FindWay =>
  (inbox, tools) => {
    const { sentFolder, extraFolders } = parseSettings(foldersAlone, inbox.settings);
    const accessToken = tokenFor(tools);
    return {
      host,
      port: 993,
      security: "tls",
      pinnedCertificate: undefined,
      username: inbox.address,
      byToken: true,
      sentFolder,
      extraFolders,
      login: async (refused) => ({ accessToken: await accessToken(refused) }),
    };
  };
