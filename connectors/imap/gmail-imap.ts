/** Gmail by IMAP: its owner signs in at Google, and no password is asked for ("OAuth 2.0 mechanism", Gmail IMAP). */
import type { Connector } from "../../src/ports/connector.ts";
import { ConnectorError } from "../../src/ports/connector.ts";
import { authorizeAtGoogle } from "../shared/google/authorize-at-google.ts";
import { googleApp, secrets } from "../shared/google/google-app.ts";
import { openTokens, personAccess } from "../shared/google/tokens.ts";
import { foldersAlone } from "./chosen-folders.ts";
import { mailboxConnector } from "./mailbox-connector.ts";
import { readGmailRef } from "./message-ref.ts";
import { byToken } from "./way-in.ts";

/** IMAP knows no narrower one: whoever holds it could also send and delete. We open folders read-only and send nothing. */
const scope = "https://mail.google.com/";

const find = byToken("imap.gmail.com", (tools) => openTokens(personAccess(tools).source, tools));

/** The claim of an ID token that came from the token endpoint itself, over TLS: it needs no look at its signature (OpenID Connect Core, 3.1.3.7). */
const emailOf = (idToken: string | null | undefined): string | null => {
  try {
    const { email } = JSON.parse(Buffer.from(idToken?.split(".")[1] ?? "", "base64url").toString()) as { email?: unknown };
    return typeof email === "string" && email.includes("@") ? email.toLowerCase() : null;
  } catch {
    return null;
  }
};

const authorize = authorizeAtGoogle({
  app: googleApp,
  scopes: [scope, "openid", "email"],
  sufficient: [scope],
  whose: async ({ id_token: idToken }) => {
    const address = emailOf(idToken);
    if (address === null) throw new ConnectorError("auth", "Google did not tell whose mailbox it is. Sign in again and allow it.");
    return address;
  },
});

/** An id of the API and of the pages is the same number, in hexadecimal ("IMAP extensions", X-GM-MSGID). */
const openUrl = (mailbox: string, ref: string): string =>
  `https://mail.google.com/mail/u/${encodeURIComponent(mailbox)}/#all/${BigInt(readGmailRef(ref) ?? 0).toString(16)}`;

/** The connector for Gmail by IMAP. */
export const gmailImap: Connector = {
  describe: {
    label: "Gmail by IMAP",
    secondWay: true,
    tellsOnConnection: true,
    limits: [
      { code: "gmail_imap_scope", text: "Google knows no permission for IMAP that only reads; Bounceline changes nothing all the same." },
      { code: "aliases_untold", text: "The other addresses this mailbox sends from are not told by IMAP." },
    ],
    settings: foldersAlone,
    secrets,
    openUrl,
  },
  authorize,
  ...mailboxConnector(find),
};
