import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FolderName, Harness, NotApplicable, TestMailbox, Trouble } from "../../contracts/connector.ts";

/** How one of the three kinds of mail on disk is written. Paths are below the mailbox's root. */
type Layout = {
  name: string;
  folders: { readonly [name in FolderName]: string };
  make(folder: string): Promise<void>;
  put(folder: string, raw: Buffer): Promise<void>;
  /** Takes the message whose bytes hold a text out of a folder. */
  remove(folder: string, text: string): Promise<void>;
  expireCursor(folder: string): Trouble;
};

const noSecrets: NotApplicable = { notApplicable: "mail on disk has no secrets" };
const noServer: NotApplicable = { notApplicable: "mail on disk has no server that could answer so" };
const noExpiry: NotApplicable = { notApplicable: "files are listed anew each time; there is no list of changes that could be lost" };

let count = 0;
const uniqueName = (): string => `${Date.now()}.M${++count}P${process.pid}.host`;

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
};

const removeFile = async (folder: string, text: string): Promise<void> => {
  for (const file of await filesBelow(folder)) if ((await readFile(file)).includes(text)) await rm(file);
};

const eml: Layout = {
  name: "directories of .eml files",
  folders: { sent: "Sent", inbox: "INBOX", junk: "Junk", extra: "Bounces" },
  make: async (folder) => void (await mkdir(folder)),
  put: (folder, raw) => writeFile(join(folder, `${uniqueName()}.eml`), raw),
  remove: removeFile,
  expireCursor: () => noExpiry,
};

const maildir: Layout = {
  name: "a Maildir",
  folders: { sent: ".Sent", inbox: ".", junk: ".Junk", extra: ".Bounces" },
  async make(folder) {
    for (const part of ["cur", "new", "tmp"]) await mkdir(join(folder, part), { recursive: true });
  },
  async put(folder, raw) {
    const name = uniqueName();
    await writeFile(join(folder, "tmp", name), raw);
    await rename(join(folder, "tmp", name), count % 2 === 0 ? join(folder, "new", name) : join(folder, "cur", `${name}:2,S`));
  },
  remove: removeFile,
  expireCursor: () => noExpiry,
};

const separator = "From 18492@xxx Wed Nov 25 15:50:49 +0000 2026\n";
const asEntry = (raw: Buffer): Buffer => Buffer.from(`${separator}${raw.toString("latin1").replace(/^(>*From )/gm, ">$1")}\n`, "latin1");

const rewrite = async (file: string, change: (entries: string[]) => string[]): Promise<void> => {
  const entries = (await readFile(file, "latin1")).split(separator).slice(1);
  await writeFile(
    file,
    change(entries)
      .map((entry) => separator + entry)
      .join(""),
    "latin1",
  );
};

const mbox: Layout = {
  name: "mbox files",
  folders: { sent: "Sent.mbox", inbox: "INBOX.mbox", junk: "Junk.mbox", extra: "Bounces.mbox" },
  make: (file) => writeFile(file, ""),
  put: (file, raw) => appendFile(file, asEntry(raw)),
  remove: (file, text) => rewrite(file, (entries) => entries.filter((entry) => !entry.includes(text))),
  expireCursor: (file) => () => rewrite(file, (entries) => entries.map((entry) => `X-Status: read by another program\n${entry}`)),
};

/** Names, times and contents: whatever a reader could have changed. */
const snapshot = async (root: string): Promise<string> => {
  const lines: string[] = [];
  for (const file of await filesBelow(root)) {
    const { mtimeMs, ctimeMs, mode } = await stat(file);
    lines.push([file, mtimeMs, ctimeMs, mode, await readFile(file, "base64")].join(" "));
  }
  return lines.join("\n");
};

const openLayout = async (layout: Layout): Promise<TestMailbox> => {
  const base = await mkdtemp(join(tmpdir(), "bounceline-contract-"));
  const root = join(base, "mail");
  const place = (name: FolderName): string => join(root, layout.folders[name]);
  await mkdir(root);
  for (const name of ["inbox", "sent", "junk", "extra"] as const) await layout.make(place(name));
  return {
    inbox: { id: "inb_1", address: "anna@sales.example", settings: { path: root }, since: 0 },
    secrets: {},
    secretWords: [],
    put: (folder, raw) => layout.put(place(folder), raw),
    async remove(messageId) {
      for (const name of ["inbox", "sent", "junk", "extra"] as const) await layout.remove(place(name), messageId);
    },
    snapshot: () => snapshot(root),
    removeExtraFolder: () => rm(place("extra"), { recursive: true }),
    makeExtraFolder: () => layout.make(place("extra")),
    expireCursor: layout.expireCursor(place("inbox")),
    refuseSecrets: noSecrets,
    askToWait: { seconds: 0, begin: noServer },
    fail: () => rename(root, join(base, "unmounted")),
    resetConnections: noServer,
    hang: { notApplicable: "a disk cannot be told to hang" },
    recover: () => rename(join(base, "unmounted"), root),
    close: () => rm(base, { recursive: true }),
  };
};

export const maildirHarnesses: readonly Harness[] = [eml, maildir, mbox].map((layout) => ({
  name: layout.name,
  skipped: null,
  exactBytes: true,
  open: () => openLayout(layout),
}));
