/**
 * A small IMAP server (RFC 3501) in memory, over TLS, that can be told to misbehave as no real one will on request. It knows
 * what a reader needs and nothing that changes a mailbox. `script` sees every command first and may answer in its place.
 */
import { once } from "node:events";
import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** `gmail`: what Gmail knows of it (X-GM-EXT-1): one number under every label, and the labels. */
export type FakeMessage = { uid: number; raw: Buffer; at: Date; flags: string[]; gmail?: { id: string; labels: string[] } };
export type FakeFolder = {
  uidValidity: number | null;
  uidNext: number;
  /** False: not at all; a number: this one, whatever is true. */
  tellsUidNext: boolean | number;
  specialUse: string | null;
  messages: FakeMessage[];
};

/** One command as it came: `UID FETCH 1:3 (UID)` has the name "UID FETCH" and the rest "1:3 (UID)". */
export type Command = { tag: string; name: string; rest: string };

/** What the script does in place of the usual answer: lines to send, the socket to do something with, or nothing (null: as usual). */
type Script = (command: Command, socket: Socket) => readonly string[] | "handled" | null;

export type FakeImap = {
  port: number;
  folders: Map<string, FakeFolder>;
  /** Every command received, passwords included: what a test wants to be sure of. */
  commands: string[];
  script: Script;
  /** Null: the greeting never comes. */
  greeting: string | null;
  password: string;
  /** Null: no sign-in by token. What is said of a token that is refused is the error as JSON; null: it is good. */
  checkToken: ((user: string, token: string) => object | null) | null;
  /** What CAPABILITY tells besides IMAP4rev1. */
  capabilities: string[];
  connections: number;
  put(path: string, raw: Buffer | string, at?: Date): number;
  stop(): Promise<void>;
};

export type FakeOptions = { tls: { key: string; cert: string } | null };

export const newFolder = (specialUse: string | null = null): FakeFolder => ({
  uidValidity: 1_795_629_139,
  uidNext: 1,
  tellsUidNext: true,
  specialUse,
  messages: [],
});

/** Tags of commands that are not done: `refused` a token, and the client's empty answer is awaited; `idling` until DONE. */
type Session = { server: FakeImap; socket: Socket; selected: FakeFolder | null; refused: string | null; idling: string | null };

const unquote = (text: string): string =>
  text
    .trim()
    .replace(/^"(.*)"$/s, "$1")
    .replace(/\\(["\\])/g, "$1");

/** The numbers a sequence set means; `*` is the last, and `9:*` in a folder that ends at 5 means 5 (RFC 9051, 9, seq-range). */
const inSet = (set: string, last: number): ((number: number) => boolean) => {
  const ranges = set.split(",").map((part) => {
    const [from, to] = part.split(":").map((end) => (end === "*" ? last : Number(end)));
    return [Math.min(from ?? 0, to ?? from ?? 0), Math.max(from ?? 0, to ?? from ?? 0)] as const;
  });
  return (number) => ranges.some(([from, to]) => number >= from && number <= to);
};

const examine = (session: Session, path: string, tag: string): string[] => {
  const folder = session.server.folders.get(path);
  session.selected = folder ?? null;
  if (!folder) return [`${tag} NO [NONEXISTENT] Mailbox doesn't exist`];
  return [
    "* FLAGS (\\Seen \\Answered)",
    "* OK [PERMANENTFLAGS ()] Read-only",
    `* ${folder.messages.length} EXISTS`,
    "* 0 RECENT",
    ...(folder.uidValidity === null ? [] : [`* OK [UIDVALIDITY ${folder.uidValidity}] UIDs valid`]),
    ...(folder.tellsUidNext ? [`* OK [UIDNEXT ${folder.uidNext}] Predicted next UID`] : []),
    `${tag} OK [READ-ONLY] EXAMINE completed`,
  ];
};

/** One that does not tell its next number does not say it here either. */
const status = ({ server }: Session, rest: string, tag: string): string[] => {
  const [, path = ""] = /^(".*"|\S+) \(/.exec(rest) ?? [];
  const folder = server.folders.get(unquote(path));
  if (!folder) return [`${tag} NO [NONEXISTENT] Mailbox doesn't exist`];
  const { messages, uidValidity, uidNext, tellsUidNext } = folder;
  const next = tellsUidNext === true ? uidNext : tellsUidNext;
  const items = [
    `MESSAGES ${messages.length}`,
    ...(uidValidity === null ? [] : [`UIDVALIDITY ${uidValidity}`]),
    ...(next === false ? [] : [`UIDNEXT ${next}`]),
  ];
  return [`* STATUS ${path} (${items.join(" ")})`, `${tag} OK STATUS completed`];
};

const search = (folder: FakeFolder, rest: string): string => {
  const set = /UID ([\d:*,]+)/.exec(rest)?.[1] ?? "1:*";
  const since = /SINCE "?([\w-]+)"?/.exec(rest)?.[1];
  const wanted = inSet(set, folder.messages.at(-1)?.uid ?? 0);
  const gmailId = /X-GM-MSGID (\d+)/.exec(rest)?.[1];
  const found = folder.messages.filter(
    ({ uid, at, gmail }) =>
      wanted(uid) && (since === undefined || at.getTime() >= Date.parse(since)) && (gmailId === undefined || gmail?.id === gmailId),
  );
  return `* SEARCH ${found.map(({ uid }) => uid).join(" ")}`.trimEnd();
};

const headerOf = (raw: Buffer): Buffer => {
  const end = raw.indexOf("\r\n\r\n");
  return end < 0 ? raw : raw.subarray(0, end + 4);
};

const fieldsOf = (raw: Buffer, names: readonly string[]): Buffer => {
  const fields = headerOf(raw)
    .toString("latin1")
    .split(/\r\n(?![ \t])/);
  const kept = fields.filter((field) => names.includes(field.split(":", 1)[0]?.toLowerCase() ?? ""));
  return Buffer.from(`${kept.join("\r\n")}\r\n\r\n`, "latin1");
};

const partial = (bytes: Buffer, range: string | undefined): Buffer => {
  const [start, length] = (range ?? "0.999999999").split(".").map(Number);
  return bytes.subarray(start, (start ?? 0) + (length ?? 0));
};

const quoted = (text: string): string => `"${text.replace(/(["\\])/g, "\\$1")}"`;

const literal = (name: string, bytes: Buffer): string => `${name} {${bytes.length}}\r\n${bytes.toString("latin1")}`;

/** The data items of one message that a FETCH asks for, in latin1. */
export const fetchItems = (message: FakeMessage, rest: string): string => {
  const items = [`UID ${message.uid}`];
  if (/\bFLAGS\b/.test(rest.replace(/BODY\S*\[[^\]]*\]/g, ""))) items.push(`FLAGS (${message.flags.join(" ")})`);
  if (rest.includes("INTERNALDATE")) items.push(`INTERNALDATE "${internalDate(message.at)}"`);
  if (rest.includes("RFC822.SIZE")) items.push(`RFC822.SIZE ${message.raw.length}`);
  if (message.gmail && rest.includes("X-GM-MSGID")) items.push(`X-GM-MSGID ${message.gmail.id}`);
  if (message.gmail && rest.includes("X-GM-LABELS")) items.push(`X-GM-LABELS (${message.gmail.labels.map(quoted).join(" ")})`);
  const [, names] = /HEADER\.FIELDS \(([^)]*)\)/i.exec(rest) ?? [];
  if (names !== undefined) items.push(literal(`BODY[HEADER.FIELDS (${names})]`, fieldsOf(message.raw, names.toLowerCase().split(" "))));
  const [, section, range] = /BODY\.PEEK\[(HEADER)?\](?:<([\d.]+)>)?/.exec(rest) ?? [];
  if (/BODY\.PEEK\[(HEADER)?\]/.test(rest)) {
    const bytes = partial(section ? headerOf(message.raw) : message.raw, range);
    items.push(literal(`BODY[${section ?? ""}]${range === undefined ? "" : `<${range.split(".")[0]}>`}`, bytes));
  }
  return `(${items.join(" ")})`;
};

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number: number): string => String(number).padStart(2, "0");
const internalDate = (at: Date): string =>
  `${two(at.getUTCDate())}-${months[at.getUTCMonth()]}-${at.getUTCFullYear()} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;

const fetch = (folder: FakeFolder, rest: string, byUid: boolean): string[] => {
  const [set = ""] = rest.split(" ", 1);
  const lastUid = folder.messages.at(-1)?.uid ?? 0;
  const wanted = inSet(set, byUid ? lastUid : folder.messages.length);
  return folder.messages.flatMap((message, index) =>
    wanted(byUid ? message.uid : index + 1) ? [`* ${index + 1} FETCH ${fetchItems(message, rest.slice(set.length))}`] : [],
  );
};

const login = (session: Session, { tag, rest }: Command): string[] => {
  const password = unquote(rest.slice(rest.search(/\s"?[^\s"]+"?$/) + 1));
  return password === session.server.password ? [`${tag} OK Logged in`] : [`${tag} NO [AUTHENTICATIONFAILED] Authentication failed.`];
};

/** SASL-IR (RFC 4959): the token comes with the command, `user=anna@…^Aauth=Bearer …^A^A` in base64. */
const authenticate = (session: Session, { tag, rest }: Command): string[] => {
  const [mechanism = "", initial = ""] = rest.split(" ");
  const { checkToken } = session.server;
  if (mechanism.toUpperCase() !== "XOAUTH2" || !checkToken) return [`${tag} NO [CANNOT] Unsupported authentication mechanism`];
  const [user = "", token = ""] = Buffer.from(initial, "base64").toString().split("\x01");
  const error = checkToken(user.replace(/^user=/, ""), token.replace(/^auth=Bearer /, ""));
  if (error === null) return [`${tag} OK Success`];
  session.refused = tag;
  return [`+ ${Buffer.from(JSON.stringify(error)).toString("base64")}`];
};

const list = (server: FakeImap): string[] =>
  [...server.folders].map(([path, { specialUse }]) => `* LIST (\\HasNoChildren${specialUse ? ` ${specialUse}` : ""}) "/" ${quoted(path)}`);

const capabilitiesOf = ({ capabilities, checkToken }: FakeImap): string[] => [
  ...capabilities,
  ...(checkToken ? ["AUTH=XOAUTH2", "SASL-IR"] : []),
];

const answer = (session: Session, command: Command): string[] => {
  const { tag, name, rest } = command;
  const done = `${tag} OK done`;
  const folder = session.selected;
  if (name === "CAPABILITY") return [`* CAPABILITY IMAP4rev1 ${capabilitiesOf(session.server).join(" ")}`, done];
  if (name === "LOGIN") return login(session, command);
  if (name === "AUTHENTICATE") return authenticate(session, command);
  if (name === "LIST") return rest.endsWith('""') ? ['* LIST (\\Noselect) "/" ""', done] : [...list(session.server), done];
  if (name === "IDLE") {
    session.idling = tag;
    return ["+ idling"];
  }
  if (name === "LSUB" || name === "NOOP") return [done];
  if (name === "EXAMINE") return examine(session, unquote(rest), tag);
  if (name === "STATUS") return status(session, rest, tag);
  if (name === "LOGOUT") return ["* BYE", done];
  if (name === "UID SEARCH" && folder) return [search(folder, rest), done];
  if (name === "UID FETCH" && folder) return [...fetch(folder, rest, true), done];
  if (name === "FETCH" && folder) return [...fetch(folder, rest, false), done];
  return [`${tag} BAD Unknown command ${name}`];
};

const readCommand = (line: string): Command => {
  const [, tag = "*", name = "", rest = ""] = /^(\S+) (UID \S+|\S+) ?(.*)$/s.exec(line) ?? [];
  return { tag, name: name.toUpperCase(), rest };
};

const serve = (server: FakeImap, socket: Socket): void => {
  const session: Session = { server, socket, selected: null, refused: null, idling: null };
  let pending = "";
  server.connections++;
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    const lines = (pending + bytes.toString("latin1")).split("\r\n");
    pending = lines.pop() ?? "";
    for (const line of lines) {
      server.commands.push(line);
      if (session.idling !== null && line.toUpperCase() === "DONE") {
        socket.write(`${session.idling} OK IDLE completed\r\n`);
        session.idling = null;
        continue;
      }
      if (session.refused !== null) {
        socket.write(`${session.refused} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n`);
        session.refused = null;
        continue;
      }
      const command = readCommand(line);
      const scripted = server.script(command, socket);
      if (scripted === "handled") continue;
      socket.write(`${(scripted ?? answer(session, command)).join("\r\n")}\r\n`, "latin1");
      if (command.name === "LOGOUT") socket.end();
    }
  });
  if (server.greeting !== null) socket.write(`${server.greeting}\r\n`);
};

/** Starts one on a free port of 127.0.0.1, with the folders INBOX, Sent and Junk. */
export const startFakeImap = async ({ tls }: FakeOptions): Promise<FakeImap> => {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(fake, socket);
  };
  const listener: Server = tls ? createTlsServer(tls, accept) : createPlainServer(accept);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const fake: FakeImap = {
    port: (listener.address() as AddressInfo).port,
    folders: new Map([
      ["INBOX", newFolder()],
      ["Sent", newFolder("\\Sent")],
      ["Junk", newFolder("\\Junk")],
    ]),
    commands: [],
    script: () => null,
    greeting: "* OK IMAP4rev1 ready",
    password: "secret",
    checkToken: null,
    capabilities: ["SPECIAL-USE", "IDLE"],
    connections: 0,
    put(path, raw, at = new Date()) {
      const folder = fake.folders.get(path);
      if (!folder) throw new Error(`no folder ${path}`);
      const uid = folder.uidNext++;
      folder.messages.push({ uid, raw: Buffer.from(raw), at, flags: [] });
      return uid;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return fake;
};
