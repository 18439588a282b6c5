/** Microsoft 365 by IMAP: its owner signs in at Microsoft (learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using OAuth"). */
import { type App, type Connector, ConnectorError } from "../../src/ports/connector.ts";
import { openTokens } from "../shared/microsoft/access-token.ts";
import { authorizeAtMicrosoft } from "../shared/microsoft/authorize-at-microsoft.ts";
import { renewDelegated } from "../shared/microsoft/identity.ts";
import { type MicrosoftApp, microsoftApp, readMicrosoftApp, secrets } from "../shared/microsoft/microsoft-app.ts";
import { foldersAlone } from "./chosen-folders.ts";
import { mailboxConnector } from "./mailbox-connector.ts";
import { byToken } from "./way-in.ts";

const scopes = ["https://outlook.office.com/IMAP.AccessAsUser.All"];

const readApp = (stored: App): MicrosoftApp => readMicrosoftApp(microsoftApp, stored);

const find = byToken("outlook.office365.com", (tools) => {
  const app = readApp(tools.app);
  const tokens = openTokens(tools, (stored) => renewDelegated(app, tools, stored, scopes));
  return (refused) => (refused === null ? tokens.get() : tokens.replace(refused));
});

const authorize = authorizeAtMicrosoft({
  app: microsoftApp,
  readApp,
  scopes: () => scopes,
  needed: () => ["IMAP.AccessAsUser.All"],
  whose: async (person) => {
    if (person?.includes("@")) return person.toLowerCase();
    throw new ConnectorError("auth", "Microsoft did not tell whose mailbox it is. Sign in with a work or school account.");
  },
});

/** The connector for Microsoft 365 by IMAP. */
export const office365Imap: Connector = {
  describe: {
    label: "Microsoft 365 by IMAP",
    secondWay: true,
    tellsOnConnection: true,
    limits: [
      { code: "folders_named", text: "Only Sent, the inbox, Junk and the folders you name are watched." },
      { code: "aliases_untold", text: "The other addresses this mailbox sends from are not told by IMAP." },
      {
        code: "consent_stays",
        text: "Disconnecting forgets what we hold, but Microsoft lets no app end its own consent: take it back at myapps.microsoft.com.",
      },
    ],
    settings: foldersAlone,
    secrets,
  },
  authorize,
  ...mailboxConnector(find),
};
