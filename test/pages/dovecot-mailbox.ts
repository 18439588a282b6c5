/** A person's mailbox on the real Dovecot, and the way it is connected on the pages. */
import { ImapFlow } from "imapflow";
import type { Page } from "playwright-core";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import type { MailServer } from "../setup/mail-server.ts";

/** Lets `fill` put mail into a mailbox, as other programs of its owner do. */
export const inMailbox = async (
  { imap, password: pass }: MailServer,
  address: string,
  fill: (client: ImapFlow) => Promise<unknown>,
): Promise<void> => {
  const { host, port, ca } = imap;
  const client = new ImapFlow({ host, port, secure: true, auth: { user: address, pass }, tls: { ca }, logger: false });
  await client.connect();
  await fill(client);
  await client.logout();
};

/** Message number n as sent by the mailbox's owner. */
export const sentBy = (address: string, n: number): Buffer => Buffer.from(makeSent(n, new Date()).replace("anna@sales.example", address));

/** The notice about message number n, as it came to the mailbox's owner. */
export const noticeTo = (address: string, n: number, at: Date): Buffer =>
  Buffer.from(makeNotice(n, at).replace("To: anna@sales.example", `To: ${address}`));

/** From the list of inboxes to the form with server, user name and password, filled in but for the password. */
export const fillSettings = async (page: Page, { imap }: MailServer, address: string): Promise<void> => {
  await page.getByRole("link", { name: "Inboxes" }).click();
  await page.getByRole("link", { name: "Connect an inbox" }).click();
  await page.getByLabel("E-mail address").fill(address);
  await page.getByRole("button", { name: /find/i }).click();
  await page.getByLabel("Server").first().fill(imap.host);
  await page.getByRole("textbox", { name: "Port" }).fill(String(imap.port));
  await page.getByLabel("User name").fill(address);
  await page.locator("summary").first().click();
  await page.locator("textarea").fill(imap.pinnedCertificate);
};

/** Gives a password, and tries it. */
export const connectWith = async (page: Page, password: string): Promise<void> => {
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: /connect/i }).click();
};
