/**
 * A connector over messages in memory, for tests of the sync loop: it does what the contract asks, page by page, and every
 * call can be made to fail or to stop the process (`onCall`).
 */
import { z } from "zod";
import { type FolderRole, type HeaderFields, keepEnvelopeFields } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import type { Authorize, Connector, Json, Page, Session } from "../../src/ports/connector.ts";

export type MemoryMessage = { ref: string; role: FolderRole; raw: Uint8Array; receivedAt: number };

export type MemoryMailbox = {
  /** Messages in provider order; more may be pushed at any time. */
  messages: MemoryMessage[];
  /** Messages of folders that are watched only where the settings name them (extraFolders), by folder. */
  elsewhere?: { [folder: string]: MemoryMessage[] };
  pageSize?: number;
  /** Which messages are listed and cannot be read with their page. */
  unread?: (ref: string) => boolean;
  /** Told with each page which of its messages the sync loop says were saved before. */
  onSaved?: (refs: ReadonlySet<string>) => void;
  /** Told before each call that would reach a provider; may throw. */
  onCall?: (call: "open" | "page" | "fetch" | "find" | "close", ref?: string) => void | Promise<void>;
};

const envelopeHeaders = (raw: Uint8Array): HeaderFields => keepEnvelopeFields(parseHeaderFields(raw));

const toPage = (messages: readonly MemoryMessage[], next: number, total: number): Page => ({
  folder: { path: "memory", role: "inbox" },
  messages: messages.map(({ ref, role, raw, receivedAt }) => ({
    ref,
    folder: role,
    role,
    headers: envelopeHeaders(raw),
    receivedAt,
    size: raw.length,
    threadId: null,
    hints: {},
  })),
  cursor: next,
  backfill: false,
  gaps: [],
  warnings: [],
  progress: next < total ? { done: next, total } : null,
});

/** What the folders named in the settings hold comes after everything else. */
const watchedIn = (mailbox: MemoryMailbox, settings: Json): MemoryMessage[] => {
  const { extraFolders = [] } = (settings ?? {}) as { extraFolders?: string[] };
  return [...mailbox.messages, ...extraFolders.flatMap((folder) => mailbox.elsewhere?.[folder] ?? [])];
};

const openMemory = (mailbox: MemoryMailbox, settings: Json): Session => ({
  async *pull(cursor, saved) {
    const size = mailbox.pageSize ?? 3;
    const messages = watchedIn(mailbox, settings);
    for (let at = typeof cursor === "number" ? cursor : 0; at < messages.length; at += size) {
      await mailbox.onCall?.("page");
      const some = messages.slice(at, at + size);
      if (mailbox.onSaved && saved) mailbox.onSaved(await saved(some.map(({ ref }) => ref)));
      const unread = some.filter(({ ref }) => mailbox.unread?.(ref));
      const page = toPage(
        some.filter((message) => !unread.includes(message)),
        at + some.length,
        messages.length,
      );
      yield { ...page, unread: unread.map(({ ref, role }) => ({ ref, folder: role, role, receivedAt: null })) };
    }
  },
  async find(messageId) {
    await mailbox.onCall?.("find");
    const watched = watchedIn(mailbox, settings);
    const all = [...new Set([...watched, ...Object.values(mailbox.elsewhere ?? {}).flat()])];
    const folderOf = (message: MemoryMessage) =>
      Object.entries(mailbox.elsewhere ?? {}).find(([, messages]) => messages.includes(message))?.[0] ?? message.role;
    const named = all.filter(({ raw }) => envelopeHeaders(raw).get("message-id")?.[0] === messageId);
    return named.flatMap((message) =>
      toPage([message], 0, 0).messages.map((envelope) => ({
        envelope: { ...envelope, folder: folderOf(message) },
        watched: watched.includes(message),
      })),
    );
  },
  async fetchRaw(ref) {
    await mailbox.onCall?.("fetch", ref);
    const all = [...mailbox.messages, ...Object.values(mailbox.elsewhere ?? {}).flat()];
    return all.find((message) => message.ref === ref)?.raw ?? "gone";
  },
  close: async () => mailbox.onCall?.("close"),
});

export const memoryConnector = (mailbox: MemoryMailbox, authorize?: Authorize): Connector => ({
  ...(authorize && { authorize }),
  describe: { label: "Memory", limits: [], settings: z.object({ extraFolders: z.array(z.string()).default([]) }), secrets: z.object({}) },
  signIn: async (inbox) => ({ address: inbox.address, addresses: [inbox.address], folders: [], warnings: [] }),
  open: async ({ settings }) => {
    await mailbox.onCall?.("open");
    return openMemory(mailbox, settings);
  },
  probe: async () => [],
});
