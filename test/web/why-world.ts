/** A server whose one inbox reads a mailbox in memory, which the pages can search and compare, too. */
import { getInbox } from "../../src/store/inboxes.ts";
import { startServer, type TestServer } from "../api/server.ts";
import type { MemoryMailbox, MemoryMessage } from "../fakes/memory-connector.ts";
import { now, worldOf } from "../sync/world.ts";

export type WhyWorld = TestServer & {
  mailbox: MemoryMailbox;
  /** One poll of our inbox. */
  poll: () => Promise<void>;
};

export const received = (ref: string, raw: string, receivedAt = now - 3_600_000): MemoryMessage => ({
  ref,
  role: "inbox",
  raw: Buffer.from(raw),
  receivedAt,
});

export const sent = (ref: string, raw: string, receivedAt = now - 7_200_000): MemoryMessage => ({
  ...received(ref, raw, receivedAt),
  role: "sent",
});

/** What the first poll of startServer has read already, from another mailbox. */
const readBefore = Array.from({ length: 4 }, (_, n) => received(`before-${n}`, "Subject: x\r\n\r\n", 0));

export const startWhy = async (...messages: MemoryMessage[]): Promise<WhyWorld> => {
  const mailbox: MemoryMailbox = { messages: [...readBefore, ...messages], elsewhere: {} };
  const test = await startServer({}, undefined, mailbox);
  const { database, ours } = test;
  const poll = async (): Promise<void> => {
    const inbox = await getInbox(database.read, ours.accountId, ours.inboxId);
    if (inbox) await worldOf(database, ours.accountId, inbox, mailbox).turn();
  };
  await poll();
  return { ...test, mailbox, poll };
};
