import { randomBytes } from "node:crypto";
import { type ParsedMail, simpleParser } from "mailparser";

export type ExchangeFolder = { id: string; name: string; distinguished: string | null; folderClass: string; parentId: string };

export type ExchangeItem = {
  id: string;
  folderId: string;
  raw: Buffer;
  parsed: ParsedMail;
  receivedAt: number;
  itemClass: string;
  isRead: boolean;
  isDraft: boolean;
  /** Sent by Outlook or on the web: never was on the wire, so that no header is kept. */
  neverOnWire: boolean;
  /** The recipients as stored, where not those of the header: who a notice says was not reached. */
  storedTo: readonly string[] | null;
};

export type ExchangeChange = { folderId: string; id: string; kind: "create" | "update" | "read" | "delete" };

export type PutOptions = Partial<Pick<ExchangeItem, "itemClass" | "isDraft" | "neverOnWire" | "storedTo">>;

/** What one mailbox holds, and everything that ever happened in it. */
export type ExchangeMailbox = {
  address: string;
  /** The top of what people see. */
  root: ExchangeFolder;
  folders: ExchangeFolder[];
  items: ExchangeItem[];
  changes: ExchangeChange[];
  /** Raised when the server forgets: positions of an older generation are no longer known. */
  generation: number;
  folder(name: string): ExchangeFolder;
  addFolder(name: string, parent?: string, folderClass?: string): ExchangeFolder;
  removeFolder(name: string): void;
  put(folder: string, raw: Buffer, receivedAt: number, options?: PutOptions): Promise<ExchangeItem>;
  remove(item: ExchangeItem): void;
  move(item: ExchangeItem, folder: string): void;
  markRead(item: ExchangeItem): void;
  find(messageId: string): ExchangeItem;
};

let ids = 0;
/** Long, in base64, and each differs from another by case alone: an id that is compared without case finds the wrong message. */
export const newId = (): string => {
  ids += 1;
  const start = Buffer.from(`AAMkAD${String(ids >> 1).padStart(9, "0")}`).toString("base64");
  return `${start}${ids % 2 === 0 ? "a" : "A"}AAA+/=`;
};

export const newChangeKey = (): string => randomBytes(9).toString("base64");

const standard: readonly [string, string, string][] = [
  ["Inbox", "inbox", "IPF.Note"],
  ["Drafts", "drafts", "IPF.Note"],
  ["Sent Items", "sentitems", "IPF.Note"],
  ["Deleted Items", "deleteditems", "IPF.Note"],
  ["Junk Email", "junkemail", "IPF.Note"],
  ["Calendar", "calendar", "IPF.Appointment"],
];

export const createExchangeMailbox = (address: string): ExchangeMailbox => {
  const rootId = newId();
  const root = { id: rootId, name: "Top of Information Store", distinguished: "msgfolderroot", folderClass: "IPF.Note", parentId: newId() };
  const note = (folderId: string, id: string, kind: ExchangeChange["kind"]): void => void box.changes.push({ folderId, id, kind });
  const box: ExchangeMailbox = {
    address,
    root,
    folders: standard.map(([name, distinguished, folderClass]) => ({ id: newId(), name, distinguished, folderClass, parentId: rootId })),
    items: [],
    changes: [],
    generation: 0,
    folder(name) {
      const found = box.folders.find((each) => each.name === name || each.distinguished === name);
      if (!found) throw new Error(`the stand-in has no folder ${name}`);
      return found;
    },
    addFolder(name, parent, folderClass = "IPF.Note") {
      const parentId = parent === undefined ? rootId : box.folder(parent).id;
      const folder = { id: newId(), name, distinguished: null, folderClass, parentId };
      box.folders.push(folder);
      return folder;
    },
    removeFolder(name) {
      const gone = box.folder(name);
      box.folders = box.folders.filter((folder) => folder !== gone);
      box.items = box.items.filter(({ folderId }) => folderId !== gone.id);
    },
    async put(name, raw, receivedAt, options = {}) {
      const usual = { itemClass: "IPM.Note", isRead: false, isDraft: false, neverOnWire: false, storedTo: null };
      const folderId = box.folder(name).id;
      const item = { ...usual, id: newId(), folderId, raw, parsed: await simpleParser(raw), receivedAt, ...options };
      box.items.push(item);
      note(folderId, item.id, "create");
      return item;
    },
    remove(item) {
      note(item.folderId, item.id, "delete");
      box.items = box.items.filter((each) => each !== item);
    },
    move(item, name) {
      note(item.folderId, item.id, "delete");
      Object.assign(item, { folderId: box.folder(name).id, id: newId() });
      note(item.folderId, item.id, "create");
    },
    markRead(item) {
      item.isRead = true;
      note(item.folderId, item.id, "read");
    },
    find(messageId) {
      const found = box.items.find(({ parsed }) => parsed.messageId === messageId);
      if (!found) throw new Error(`the stand-in has no message ${messageId}`);
      return found;
    },
  };
  return box;
};
