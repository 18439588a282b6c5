import { randomBytes } from "node:crypto";
import { type FakeMessage, makeFakeMessage, type PutOptions } from "./fake-message.ts";

export type FakeFolder = { id: string; displayName: string; wellKnown: string | null; parentId: string | null };
export type Change = { seq: number; folderId: string; message: FakeMessage; id: string; kind: "created" | "updated" | "deleted" };

/** What one mailbox holds, and everything that ever happened to it. Ids are made up, long and case-sensitive as Exchange's. */
export type FakeMailbox = {
  address: string;
  proxyAddresses: string[];
  folders: FakeFolder[];
  messages: FakeMessage[];
  changes: Change[];
  /** Raised when the service forgets: positions of an older generation are gone. */
  generation: number;
  /** Who is told of each change. */
  onChange: (change: Change) => void;
  addFolder(displayName: string, parent?: string): FakeFolder;
  removeFolder(displayName: string): void;
  put(folder: string, raw: Buffer, options: PutOptions & { receivedAt: number }): FakeMessage;
  move(message: FakeMessage, folder: string): void;
  remove(message: FakeMessage): void;
  markRead(message: FakeMessage): void;
  find(messageId: string): FakeMessage;
  folder(name: string): FakeFolder;
};

export const newId = (start: string): string => `${start}${randomBytes(60).toString("base64url")}=`;

const standard: readonly [string, string][] = [
  ["Inbox", "inbox"],
  ["Drafts", "drafts"],
  ["Sent Items", "sentitems"],
  ["Deleted Items", "deleteditems"],
  ["Junk Email", "junkemail"],
  ["Archive", "archive"],
];

export const createFakeMailbox = (address: string): FakeMailbox => {
  const box: FakeMailbox = {
    address,
    proxyAddresses: [`SMTP:${address}`],
    folders: standard.map(([displayName, wellKnown]) => ({ id: newId("AQMk"), displayName, wellKnown, parentId: null })),
    messages: [],
    changes: [],
    generation: 0,
    onChange: () => {},
    folder(name) {
      const found = box.folders.find(({ displayName, wellKnown }) => displayName === name || wellKnown === name);
      if (!found) throw new Error(`the fake mailbox has no folder ${name}`);
      return found;
    },
    find(messageId) {
      const found = box.messages.find(({ row }) => row.internetMessageId === messageId);
      if (!found) throw new Error(`the fake mailbox has no message ${messageId}`);
      return found;
    },
    addFolder(displayName, parent) {
      const folder = { id: newId("AQMk"), displayName, wellKnown: null, parentId: parent === undefined ? null : box.folder(parent).id };
      box.folders.push(folder);
      return folder;
    },
    removeFolder(displayName) {
      const gone = box.folder(displayName);
      box.folders = box.folders.filter((folder) => folder !== gone);
      for (const message of box.messages.filter(({ folderId }) => folderId === gone.id)) box.remove(message);
    },
    put(folder, raw, options) {
      const message = makeFakeMessage(raw, box.folder(folder).id, options);
      box.messages.push(message);
      note(box, message, "created");
      return message;
    },
    move(message, folder) {
      note(box, message, "deleted");
      Object.assign(message, { folderId: box.folder(folder).id, restId: newId("AAMk") });
      note(box, message, "created");
    },
    remove(message) {
      note(box, message, "deleted");
      box.messages = box.messages.filter((each) => each !== message);
    },
    markRead(message) {
      message.isRead = true;
      note(box, message, "updated");
    },
  };
  return box;
};

const note = (box: FakeMailbox, message: FakeMessage, kind: Change["kind"]): void => {
  const change = { seq: box.changes.length + 1, folderId: message.folderId, message, id: message.restId, kind };
  box.changes.push(change);
  box.onChange(change);
};
