import { randomBytes } from "node:crypto";
import type { FakeFolder, FakeMailbox } from "./fake-mailbox.ts";
import { type FakeMessage, wholeSecond } from "./fake-message.ts";
import { BadQuery, readDeltaFilter, readFilter, readOrder } from "./graph-query.ts";
import type { Shape } from "./vendor-schemas.ts";

export type GraphReply = { status: number; body: object | Buffer; shape: Shape | "bytes"; headers?: { [name: string]: string } };

/** One request as the service sees it. `path` begins behind the mailbox, such as /mailFolders/inbox/messages. */
export type GraphRequest = { box: FakeMailbox; root: string; path: string; search: URLSearchParams; prefer: string };

type Row = { id: string; message: FakeMessage; kind: "whole" | "partial" | "removed" };
type Position = {
  folderId: string;
  generation: number;
  select: string | null;
  filter: string | null;
  seq: number;
  rows: Row[] | null;
  at: number;
};

export type GraphService = {
  answer(request: GraphRequest): GraphReply;
  /** What a test may make the service do that it also does by itself. */
  moods: { emptyPages: boolean; deltaWithoutHeaders: boolean; refuseExpand: boolean; replay: boolean; filteredMost: number };
};

export const problem = (status: number, code: string, message: string, headers: { [name: string]: string } = {}): GraphReply => {
  const innerError = { date: wholeSecond(Date.now()).slice(0, -1), "request-id": randomBytes(8).toString("hex") };
  return { status, shape: "error", headers, body: { error: { code, message, innerError } } };
};

const notFound = (): GraphReply => problem(404, "ErrorItemNotFound", "The specified object was not found in the store.");
const immutable = (prefer: string): boolean => /IdType\s*=\s*"ImmutableId"/i.test(prefer);
const idOf = (message: FakeMessage, prefer: string): string => (immutable(prefer) ? message.immutableId : message.restId);

const pageSizeOf = (prefer: string, top: string | null): number => Number(/odata\.maxpagesize=(\d+)/.exec(prefer)?.[1] ?? top ?? 10);

/** "Top of Information Store", above all folders people see. */
const rootId = "AQMkRoot=";

const folderRow = (box: FakeMailbox, { id, displayName, parentId }: FakeFolder, search: URLSearchParams): object => {
  const inside = box.messages.filter(({ folderId }) => folderId === id);
  const all: { [name: string]: unknown } = {
    displayName,
    parentFolderId: parentId ?? rootId,
    childFolderCount: box.folders.filter((folder) => folder.parentId === id).length,
    totalItemCount: inside.length,
    unreadItemCount: inside.filter(({ isRead }) => !isRead).length,
    isHidden: false,
  };
  const select = search.get("$select")?.split(",");
  // The service gives sizeInBytes whatever was selected, and Microsoft's metadata knows no such property.
  return { id, ...Object.fromEntries(Object.entries(all).filter(([name]) => !select || select.includes(name))), sizeInBytes: 4096 };
};

/** internetMessageHeaders only with $select ("message resource type"), and none where Exchange has none. */
const messageRow = (message: FakeMessage, prefer: string, select: string | null): { [name: string]: unknown } => {
  const { internetMessageHeaders, ...row } = message.row;
  const all: { [name: string]: unknown } = {
    ...row,
    receivedDateTime: wholeSecond(message.receivedAt),
    isRead: message.isRead,
    parentFolderId: message.folderId,
    bodyPreview: "",
  };
  const names = select?.split(",");
  const chosen = Object.fromEntries(Object.entries(all).filter(([name]) => !names || names.includes(name)));
  const headers = names?.includes("internetMessageHeaders") && message.hasHeader ? { internetMessageHeaders } : {};
  return { "@odata.etag": `W/"${message.restId.slice(-8)}"`, id: idOf(message, prefer), ...chosen, ...headers };
};

export const createGraphService = (): GraphService => {
  const positions = new Map<string, Position>();
  const moods: GraphService["moods"] = {
    emptyPages: false,
    deltaWithoutHeaders: false,
    refuseExpand: false,
    replay: false,
    filteredMost: 5000,
  };

  const keep = (position: Position): string => {
    const token = randomBytes(90).toString("base64url");
    positions.set(token, position);
    return token;
  };

  const folderOf = (box: FakeMailbox, name: string): FakeFolder | undefined =>
    box.folders.find(({ id, wellKnown }) => id === name || wellKnown === name.toLowerCase());
  const messageOf = (box: FakeMailbox, id: string): FakeMessage | undefined =>
    box.messages.find(({ restId, immutableId }) => restId === id || immutableId === id);

  const begin = (box: FakeMailbox, folder: FakeFolder, search: URLSearchParams): Position => {
    const filter = search.get("$filter");
    const test = readDeltaFilter(filter);
    const inside = box.messages.filter((message) => message.folderId === folder.id && test(message));
    const told = filter === null ? inside : inside.slice(0, moods.filteredMost);
    const rows = told.map((message): Row => ({ id: "", message, kind: "whole" }));
    const common = { folderId: folder.id, generation: box.generation, select: search.get("$select"), filter };
    return { ...common, seq: box.changes.length, rows, at: 0 };
  };

  /** What happened since, once per message; an update tells id, isRead and parentFolderId only. */
  const next = (box: FakeMailbox, position: Position): Position => {
    const test = readDeltaFilter(position.filter);
    const rows = new Map<FakeMessage, Row>();
    for (const { folderId, message, id, kind } of box.changes.slice(position.seq)) {
      if (folderId !== position.folderId || !test(message)) continue;
      if (kind === "deleted") rows.set(message, { id, message, kind: "removed" });
      else if (kind === "created") rows.set(message, { id, message, kind: "whole" });
      else if (!rows.has(message)) rows.set(message, { id, message, kind: "partial" });
    }
    return { ...position, seq: box.changes.length, rows: [...rows.values()], at: 0 };
  };

  const deltaRow = ({ message, kind, id }: Row, prefer: string, select: string | null): object => {
    if (kind === "removed") return { id: immutable(prefer) ? message.immutableId : id, "@removed": { reason: "deleted" } };
    const row = messageRow(message, prefer, kind === "partial" ? "isRead,parentFolderId" : select);
    if (moods.deltaWithoutHeaders) delete row.internetMessageHeaders;
    return row;
  };

  const delta = ({ box, root, path, search, prefer }: GraphRequest, folder: FakeFolder): GraphReply => {
    const token = search.get("$skiptoken") ?? search.get("$deltatoken");
    const stored = token === null ? null : positions.get(token);
    if (stored === undefined || (stored && (stored.generation !== box.generation || stored.folderId !== folder.id))) {
      const message = `The sync state generation is not found; generation=${stored?.generation ?? 0};[highest=${box.generation}].`;
      return problem(410, "SyncStateNotFound", message, { location: `${root}${path}?$deltatoken=` });
    }
    const position = stored === null ? begin(box, folder, search) : stored.rows === null ? next(box, stored) : stored;
    const rows = position.rows ?? [];
    const size = pageSizeOf(prefer, search.get("$top"));
    const empty = moods.emptyPages && position.at === 0 && search.get("$skiptoken") === null;
    const [from, to] = empty ? [0, 0] : [position.at, position.at + size];
    const page = rows.slice(moods.replay && from > 0 ? from - 1 : from, to);
    const link = `${root}${path}?`;
    const links =
      to < rows.length || empty
        ? { "@odata.nextLink": `${link}$skiptoken=${keep({ ...position, rows, at: to })}` }
        : { "@odata.deltaLink": `${link}$deltatoken=${keep({ ...position, rows: null, at: 0 })}` };
    const value = page.map((row) => deltaRow(row, prefer, position.select));
    return { status: 200, shape: "messages", body: { "@odata.context": `${root}/$metadata#Collection(message)`, ...links, value } };
  };

  /** Without a folder: the whole mailbox. */
  const list = ({ box, root, path, search, prefer }: GraphRequest, folder: FakeFolder | null): GraphReply => {
    const [filter, size, skip] = [search.get("$filter"), pageSizeOf(prefer, search.get("$top")), Number(search.get("$skip") ?? 0)];
    if (size < 1 || size > 1000) throw new BadQuery("The value of $top must be between 1 and 1000.");
    const test = readFilter(filter);
    const found = box.messages
      .filter((message) => (folder === null || message.folderId === folder.id) && test(message))
      .reverse()
      .sort(readOrder(search.get("$orderby"), filter));
    const more = new URLSearchParams(search);
    more.set("$skip", String(skip + size));
    const value = found.slice(skip, skip + size).map((message) => messageRow(message, prefer, search.get("$select")));
    const count = search.get("$count") === "true" ? { "@odata.count": found.length } : {};
    const link = skip + size < found.length ? { "@odata.nextLink": `${root}${path}?${more}` } : {};
    return { status: 200, shape: "messages", body: { "@odata.context": `${root}/$metadata#messages`, ...count, ...link, value } };
  };

  const folders = ({ box, root, path, search, prefer }: GraphRequest, parentId: string | null): GraphReply => {
    const [size, skip] = [pageSizeOf(prefer, search.get("$top")), Number(search.get("$skip") ?? 0)];
    const found = box.folders.filter((folder) => folder.parentId === parentId);
    const more = new URLSearchParams(search);
    more.set("$skip", String(skip + size));
    const link = skip + size < found.length ? { "@odata.nextLink": `${root}${path}?${more}` } : {};
    const value = found.slice(skip, skip + size).map((folder) => folderRow(box, folder, search));
    return { status: 200, shape: "mailFolders", body: { "@odata.context": `${root}/$metadata#mailFolders`, ...link, value } };
  };

  const one = (message: FakeMessage, { root, search, prefer }: GraphRequest): GraphReply => {
    const expand = search.get("$expand");
    if (expand !== null && (moods.refuseExpand || !/^singleValueExtendedProperties\(\$filter=id eq 'String 0x001A'\)$/.test(expand))) {
      throw new BadQuery("The expand query is not allowed.");
    }
    const properties = expand === null ? {} : { singleValueExtendedProperties: [{ id: "String 0x1a", value: message.messageClass }] };
    const row = messageRow(message, prefer, search.get("$select"));
    return { status: 200, shape: "message", body: { "@odata.context": `${root}/$metadata#messages/$entity`, ...row, ...properties } };
  };

  /** Exchange makes the MIME anew: line ends are CRLF, and it adds a field of its own. */
  const mime = ({ raw }: FakeMessage): GraphReply => {
    const text = raw.toString("latin1").replace(/\r?\n/g, "\r\n");
    return { status: 200, shape: "bytes", body: Buffer.from(`X-MS-Exchange-Organization-SCL: -1\r\n${text}`, "latin1") };
  };

  const route = (request: GraphRequest): GraphReply => {
    const { box, path } = request;
    const [kind, id = "", part, item, value] = path.split("/").slice(1).map(decodeURIComponent);
    if (kind === "mailFolders" && id === "") return folders(request, null);
    if (kind === "mailFolders") {
      if (part === "messages" && value === "$value") return problem(405, "ErrorInvalidRequest", "The OData request is not supported.");
      const top = { id: rootId, displayName: "Top of Information Store", parentId: null, wellKnown: "msgfolderroot" };
      const folder = id.toLowerCase() === "msgfolderroot" ? top : folderOf(box, id);
      if (!folder) return notFound();
      if (part === undefined) return { status: 200, shape: "mailFolder", body: folderRow(box, folder, request.search) };
      if (part === "childFolders") return folders(request, folder.id);
      if (part === "messages" && item === "delta") return delta(request, folder);
      if (part === "messages" && item === undefined) return list(request, folder);
    }
    if (kind === "messages" && id === "") return list(request, null);
    if (kind !== "messages") return problem(400, "BadRequest", `Resource not found for the segment '${kind}'.`);
    if (!/^A[AQ]\w/.test(id)) return problem(400, "ErrorInvalidIdMalformed", "Id is malformed.");
    const message = messageOf(box, id);
    if (!message) return notFound();
    return part === "$value" ? mime(message) : one(message, request);
  };

  return {
    moods,
    answer(request) {
      try {
        const reply = route(request);
        return immutable(request.prefer)
          ? { ...reply, headers: { "preference-applied": 'IdType="ImmutableId"', ...reply.headers } }
          : reply;
      } catch (error) {
        if (error instanceof BadQuery) return problem(400, "ErrorInvalidUrlQuery", error.message);
        throw error;
      }
    },
  };
};
