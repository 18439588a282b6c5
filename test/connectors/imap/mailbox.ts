import { ImapFlow } from "imapflow";
import type { ConnectedInbox } from "../../../src/ports/connector.ts";
import type { MailServer } from "../../setup/mail-server.ts";

/** A mailbox of its own on the real server, with a second connection that plays its owner. */
export type Mailbox = {
  address: string;
  inbox: ConnectedInbox;
  secrets: { password: string };
  owner: ImapFlow;
  append(folder: string, raw: string | Buffer, at?: Date, flags?: string[]): Promise<number>;
  /** Every flag of every message, as the owner sees them. */
  snapshot(): Promise<string>;
  close(): Promise<void>;
};

let made = 0;

/** A short message with a Message-ID of its own. */
export const letter = (n: number | string, more = ""): string =>
  `Message-ID: <m${n}@sales.example>\r\nFrom: Anna <anna@sales.example>\r\nTo: jan@customer.example\r\nSubject: Offer ${n}\r\nDate: Wed, 25 Nov 2026 15:50:49 +0000\r\n${more}\r\nText ${n}\r\n`;

/** What a mailbox is made on. `username`: of one that is there already; left out where every address is a user. */
export type RealServer = Pick<MailServer, "password"> & { imap: Omit<MailServer["imap"], "starttlsPort">; username?: string };

/** Makes a mailbox nobody else uses. Settings given go over the usual ones. */
export const makeMailbox = async (server: RealServer, settings: object = {}): Promise<Mailbox> => {
  const address = `${server.username ?? `user${process.pid}-${++made}`}@sales.example`;
  const username = server.username ?? address;
  const { host, port, pinnedCertificate, ca } = server.imap;
  const owner = new ImapFlow({
    host,
    port,
    secure: true,
    auth: { user: username, pass: server.password },
    tls: { ca },
    logger: false,
    disableAutoIdle: true,
  });
  owner.on("error", () => {});
  await owner.connect();
  return {
    address,
    inbox: { id: `inb_${made}`, address, settings: { host, port, username, pinnedCertificate, ...settings }, since: 0 },
    secrets: { password: server.password },
    owner,
    async append(folder, raw, at = new Date(), flags = []) {
      const done = await owner.append(folder, raw, flags, at);
      return done ? (done.uid ?? 0) : 0;
    },
    snapshot: () => snapshot(owner),
    close: async () => owner.close(),
  };
};

const snapshot = async (owner: ImapFlow): Promise<string> => {
  const lines: string[] = [];
  for (const { path, flags } of await owner.list()) {
    if (flags.has("\\Noselect")) continue;
    const folder = await owner.mailboxOpen(path, { readOnly: true });
    lines.push(`${path} ${folder.uidValidity} ${folder.uidNext} ${folder.exists}`);
    if (folder.exists === 0) continue;
    for await (const message of owner.fetch("1:*", { uid: true, flags: true, internalDate: true })) {
      // \Recent says whose session saw a message first (RFC 3501, 2.3.2), which is nothing of the message.
      const flags = [...(message.flags ?? [])].filter((flag) => flag !== "\\Recent").sort();
      lines.push(`${path} ${message.uid} ${flags.join(" ")} ${message.internalDate}`);
    }
  }
  await owner.mailboxClose();
  return lines.join("\n");
};
