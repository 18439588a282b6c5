import { type FakeImap, type FakeOptions, newFolder, startFakeImap } from "./imap-server.ts";

/** The folders of Gmail by IMAP, by the label a message there bears ("IMAP extensions": X-GM-LABELS). All Mail is none of them. */
const folderOfLabel: { readonly [label: string]: string } = {
  "\\Inbox": "INBOX",
  "\\Sent": "[Gmail]/Sent Mail",
  "\\Draft": "[Gmail]/Drafts",
  "\\Spam": "[Gmail]/Spam",
  "\\Trash": "[Gmail]/Trash",
};
export const allMail = "[Gmail]/All Mail";

export type FakeGmail = FakeImap & {
  /** A message under these labels; without one it is archived. Its number is Gmail's, the same under every label. */
  file(raw: Buffer | string, labels: readonly string[], at?: Date): string;
};

/** Gmail as an IMAP server: labels are folders, a message lies in All Mail and under each of its labels. */
export const startFakeGmail = async (options: FakeOptions): Promise<FakeGmail> => {
  const server = await startFakeImap(options);
  server.folders = new Map([
    ["INBOX", newFolder()],
    [allMail, newFolder("\\All")],
    ["[Gmail]/Sent Mail", newFolder("\\Sent")],
    ["[Gmail]/Drafts", newFolder("\\Drafts")],
    ["[Gmail]/Spam", newFolder("\\Junk")],
    ["[Gmail]/Trash", newFolder("\\Trash")],
  ]);
  server.capabilities = ["UNSELECT", "IDLE", "NAMESPACE", "QUOTA", "ID", "XLIST", "CHILDREN", "X-GM-EXT-1", "UIDPLUS", "SPECIAL-USE"];
  let last = 1_278_455_344_230_334_000n;
  const file: FakeGmail["file"] = (raw, labels, at = new Date()) => {
    const id = String(++last);
    // What is spam or in the bin is not in All Mail.
    const apart = labels.includes("\\Spam") || labels.includes("\\Trash");
    const paths = [...(apart ? [] : [allMail]), ...labels.map((label) => folderOfLabel[label] ?? label)];
    for (const path of paths) {
      if (!server.folders.has(path)) server.folders.set(path, newFolder());
      const uid = server.put(path, raw, at);
      const message = server.folders.get(path)?.messages.find((each) => each.uid === uid);
      // The label of the folder that is open is left out of its own list.
      if (message) message.gmail = { id, labels: labels.filter((label) => folderOfLabel[label] !== path && label !== path) };
    }
    return id;
  };
  return Object.assign(server, { file });
};
