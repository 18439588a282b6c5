/** Notices in our account's inbox (anna's), for tests of the pages about them. */
import { getInbox } from "../../src/store/inboxes.ts";
import { listUntied } from "../../src/store/untied-notices.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import type { TestServer } from "../api/server.ts";
import { makeNotice } from "../fixtures/make-mail.ts";
import { now, worldOf } from "../sync/world.ts";

/** Puts messages into anna's mailbox and reads it. */
export const receive = async ({ database, ours }: TestServer, raws: readonly { ref: string; raw: string }[]): Promise<void> => {
  const inbox = await getInbox(database.read, ours.accountId, ours.inboxId);
  if (!inbox) throw new Error("no inbox");
  // The mailbox before it: its position says how many were read.
  const old = Array.from({ length: 4 }, (_, n) => ({
    ref: `old-${n}`,
    role: "inbox" as const,
    raw: Buffer.from("Subject: x\r\n\r\n"),
    receivedAt: now,
  }));
  const messages = raws.map(({ ref, raw }) => ({ ref, role: "inbox" as const, raw: Buffer.from(raw), receivedAt: now }));
  await worldOf(database, ours.accountId, inbox, { messages: [...old, ...messages] }).turn();
};

/** A notice that names no message: recipient and time fit the letter to nobody@customer.example. */
export const namelessNotice = (more: { subject?: string; body?: string } = {}): string =>
  makeNotice(7, new Date(now))
    .replaceAll("u7@customer.example", "nobody@customer.example")
    .replace("Message-ID: <m7@sales.example>\r\n", "")
    .replace("Subject: Offer 7\r\n", more.subject ?? "Subject: Secret merger\r\n")
    .replace("Your message could not be delivered.", more.body ?? "Your message could not be delivered.");

/** One notice with a suggestion, and one that names a message nobody sent; both waited in vain. Their ids, in this order. */
export const twoUntied = async (test: TestServer): Promise<[string, string]> => {
  await receive(test, [
    { ref: "nameless", raw: namelessNotice() },
    { ref: "forged", raw: makeNotice(9, new Date(now)) },
  ]);
  await expireWaiting(test.database, test.ours.accountId, now + 73 * 3_600_000);
  const { data } = await listUntied(test.database.read, test.ours.accountId);
  const idOf = (ref: string): string => data.find((notice) => notice.ref === ref)?.id ?? "";
  return [idOf("nameless"), idOf("forged")];
};
