/** What Exchange answers to each operation (MS-OXWSFOLD, MS-OXWSSRCH, MS-OXWSSYNC, MS-OXWSCORE), from what a mailbox holds. */
import { XmlDocument, type XmlElement, type XmlNode } from "libxml2-wasm";
import type { AddressObject } from "mailparser";
import { messagesNamespace, soapNamespace, typesNamespace } from "./ews-grammar.ts";
import type { ExchangeFolder, ExchangeItem, ExchangeMailbox } from "./exchange-mailbox.ts";
import { newChangeKey } from "./exchange-mailbox.ts";

const namespaces = { m: messagesNamespace, t: typesNamespace, s: soapNamespace };

export const escapeXml = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/** A reason in place of an answer. */
export type Refusal = { code: string; text?: string; backOffMilliseconds?: number };

export type World = {
  /** The mailbox of that address, null for the login's own; a refusal where it is not there or may not be opened. */
  open(address: string | null): ExchangeMailbox | Refusal;
  /** All mailboxes the login may open: ids tell which one they lie in. */
  mailboxes(): readonly ExchangeMailbox[];
  /** Why one message cannot be given, or that it is without its content; null where it can. `whole`: as MIME; `header`: its header is asked for. */
  refuseItem(item: ExchangeItem, asked: { whole: boolean; header: boolean }): Refusal | "no_content" | null;
};

const children = (node: XmlNode, path: string): XmlElement[] => node.find(path, namespaces) as XmlElement[];
const attributeOf = (node: XmlNode, name: string): string => (node as XmlElement).attrs.find((each) => each.name === name)?.content ?? "";
const textOf = (node: XmlNode, path: string): string | null => (node.find(path, namespaces)[0] as XmlElement | undefined)?.content ?? null;

const failed = (operation: string, { code, text = `The stand-in says ${code}.`, backOffMilliseconds }: Refusal, inside = ""): string => {
  const wait =
    backOffMilliseconds === undefined
      ? ""
      : `<m:MessageXml><t:Value Name="BackOffMilliseconds">${backOffMilliseconds}</t:Value></m:MessageXml>`;
  return `<m:${operation}ResponseMessage ResponseClass="Error"><m:MessageText>${escapeXml(text)}</m:MessageText><m:ResponseCode>${code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${wait}${inside}</m:${operation}ResponseMessage>`;
};

const succeeded = (operation: string, inside: string): string =>
  `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${inside}</m:${operation}ResponseMessage>`;

const idElement = (name: string, id: string): string => `<t:${name} Id="${escapeXml(id)}" ChangeKey="${newChangeKey()}"/>`;

const fieldsAsked = (operation: XmlElement): Set<string> =>
  new Set([
    ...children(operation, ".//t:AdditionalProperties/t:FieldURI").map((field) => attributeOf(field, "FieldURI")),
    ...children(operation, ".//t:AdditionalProperties/t:ExtendedFieldURI").map((field) => `tag:${attributeOf(field, "PropertyTag")}`),
    ...(textOf(operation, ".//t:IncludeMimeContent") === "true" ? ["item:MimeContent"] : []),
  ]);

const instant = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

const mailbox = (name: string, address: string): string =>
  `<t:Mailbox><t:Name>${escapeXml(name || address)}</t:Name><t:EmailAddress>${escapeXml(address)}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Mailbox>`;

const mailboxes = (given: AddressObject | AddressObject[] | undefined): string =>
  (given === undefined ? [] : Array.isArray(given) ? given : [given])
    .flatMap(({ value }) => value)
    .map(({ name, address = "" }) => mailbox(name, address))
    .join("");

const headerOf = ({ raw }: ExchangeItem): string => raw.toString("latin1").split(/\r?\n\r?\n/)[0] ?? "";

const filled = (name: string, content: string): string => (content === "" ? "" : `<t:${name}>${content}</t:${name}>`);

/** Each property of an item, in the order they come in, by the name it is asked for. */
const properties: readonly (readonly [string, (item: ExchangeItem) => string])[] = [
  ["item:MimeContent", ({ raw }) => `<t:MimeContent CharacterSet="UTF-8">${raw.toString("base64")}</t:MimeContent>`],
  ["item:ItemId", ({ id }) => idElement("ItemId", id)],
  ["item:ItemClass", ({ itemClass }) => `<t:ItemClass>${itemClass}</t:ItemClass>`],
  ["item:Subject", ({ parsed }) => filled("Subject", escapeXml(parsed.subject ?? ""))],
  ["item:DateTimeReceived", ({ receivedAt }) => `<t:DateTimeReceived>${instant(receivedAt)}</t:DateTimeReceived>`],
  ["item:Size", ({ raw }) => `<t:Size>${raw.length + 800}</t:Size>`],
  ["item:IsDraft", ({ isDraft }) => `<t:IsDraft>${isDraft}</t:IsDraft>`],
  [
    "item:InternetMessageHeaders",
    (item) =>
      item.neverOnWire
        ? ""
        : filled(
            "InternetMessageHeaders",
            item.parsed.headerLines
              .filter(({ key }) => !key.startsWith("x-"))
              .map(({ line }) => /^([^:]+):\s*([\s\S]*)$/.exec(line) ?? ["", "", ""])
              .map(
                ([, name = "", value = ""]) =>
                  `<t:InternetMessageHeader HeaderName="${escapeXml(name)}">${escapeXml(value)}</t:InternetMessageHeader>`,
              )
              .join(""),
          ),
  ],
  ["item:DateTimeSent", ({ parsed }) => (parsed.date ? `<t:DateTimeSent>${instant(parsed.date.getTime())}</t:DateTimeSent>` : "")],
  [
    "tag:0x007D",
    (item) =>
      item.neverOnWire
        ? ""
        : `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x7d" PropertyType="String"/><t:Value>${escapeXml(headerOf(item))}</t:Value></t:ExtendedProperty>`,
  ],
  ["item:ConversationId", ({ parsed }) => `<t:ConversationId Id="${Buffer.from(parsed.messageId ?? "none").toString("base64")}"/>`],
  ["message:Sender", ({ parsed }) => filled("Sender", mailboxes(parsed.from))],
  [
    "message:ToRecipients",
    ({ parsed, storedTo }) => filled("ToRecipients", storedTo ? storedTo.map((to) => mailbox("", to)).join("") : mailboxes(parsed.to)),
  ],
  ["message:CcRecipients", ({ parsed }) => filled("CcRecipients", mailboxes(parsed.cc))],
  ["message:BccRecipients", ({ parsed }) => filled("BccRecipients", mailboxes(parsed.bcc))],
  ["message:From", ({ parsed }) => filled("From", mailboxes(parsed.from))],
  ["message:InternetMessageId", ({ parsed }) => filled("InternetMessageId", escapeXml(parsed.messageId ?? ""))],
];

const itemElement = (item: ExchangeItem, asked: ReadonlySet<string>): string => {
  const name = item.itemClass.startsWith("IPM.Task") ? "Item" : "Message";
  const content = properties
    .filter(([property]) => property === "item:ItemId" || asked.has(property))
    .filter(([property]) => name === "Message" || !property.startsWith("message:"));
  return `<t:${name}>${content.map(([, write]) => write(item)).join("")}</t:${name}>`;
};

const folderElement = (folder: ExchangeFolder, asked: ReadonlySet<string>): string => {
  const inside = [
    idElement("FolderId", folder.id),
    asked.has("folder:ParentFolderId") ? idElement("ParentFolderId", folder.parentId) : "",
    asked.has("folder:FolderClass") ? `<t:FolderClass>${folder.folderClass}</t:FolderClass>` : "",
    asked.has("folder:DisplayName") ? `<t:DisplayName>${escapeXml(folder.name)}</t:DisplayName>` : "",
  ];
  return `<t:Folder>${inside.join("")}</t:Folder>`;
};

type Place = { box: ExchangeMailbox; folder: ExchangeFolder };

const isRefusal = (found: object): found is Refusal => "code" in found;

/** The folder an id names: Exchange's own, or a name in a mailbox. */
const findPlace = (world: World, id: XmlElement): Place | Refusal => {
  if (id.name === "FolderId") {
    for (const box of world.mailboxes()) {
      const folder = [box.root, ...box.folders].find((each) => each.id === attributeOf(id, "Id"));
      if (folder) return { box, folder };
    }
    return { code: "ErrorFolderNotFound", text: "The specified folder could not be found in the store." };
  }
  const box = world.open(textOf(id, "t:Mailbox/t:EmailAddress"));
  if (isRefusal(box)) return box;
  const name = attributeOf(id, "Id");
  if (name === "msgfolderroot" || name === "root") return { box, folder: box.root };
  const folder = box.folders.find(({ distinguished }) => distinguished === name);
  return folder ? { box, folder } : { code: "ErrorFolderNotFound", text: "The specified folder could not be found in the store." };
};

const getFolder = (operation: XmlElement, world: World): string[] => {
  const asked = fieldsAsked(operation);
  return children(operation, "m:FolderIds/*").map((id) => {
    const place = findPlace(world, id);
    if (isRefusal(place)) return failed("GetFolder", place, "<m:Folders/>");
    return succeeded("GetFolder", `<m:Folders>${folderElement(place.folder, asked)}</m:Folders>`);
  });
};

const findFolder = (operation: XmlElement, world: World): string[] => {
  const asked = fieldsAsked(operation);
  return children(operation, "m:ParentFolderIds/*").map((id) => {
    const place = findPlace(world, id);
    if (isRefusal(place)) return failed("FindFolder", place);
    const { folders } = place.box;
    return succeeded(
      "FindFolder",
      `<m:RootFolder TotalItemsInView="${folders.length}" IncludesLastItemInRange="true"><t:Folders>${folders.map((folder) => folderElement(folder, asked)).join("")}</t:Folders></m:RootFolder>`,
    );
  });
};

/** `first`: while the first round lasts, what of the folder as it was at `seq` was told, newest first. */
type Position = { folder: string; generation: number; seq: number; first: number | null };

const writePosition = (position: Position): string => Buffer.from(JSON.stringify(position)).toString("base64");

const readPosition = (text: string, { folder, box }: { folder: ExchangeFolder; box: ExchangeMailbox }): Position | null => {
  try {
    const position = JSON.parse(Buffer.from(text, "base64").toString()) as Position;
    return position.folder === folder.id && position.generation === box.generation ? position : null;
  } catch {
    return null;
  }
};

const syncFolderItems = (operation: XmlElement, world: World): string[] => {
  const [id] = children(operation, "m:SyncFolderId/*");
  const place: Place | Refusal = id ? findPlace(world, id) : { code: "ErrorFolderNotFound" };
  if (isRefusal(place)) return [failed("SyncFolderItems", { code: "ErrorSyncFolderNotFound" })];
  const { box, folder } = place;
  const given = textOf(operation, "m:SyncState");
  const fresh = { folder: folder.id, generation: box.generation, seq: box.changes.length, first: 0 };
  const position = given === null || given === "" ? fresh : readPosition(given, { folder, box });
  if (!position)
    return [failed("SyncFolderItems", { code: "ErrorInvalidSyncStateData", text: "The synchronization state data is corrupt." })];
  const most = Number(textOf(operation, "m:MaxChangesReturned"));
  const asked = fieldsAsked(operation);
  const byId = new Map(box.items.filter(({ folderId }) => folderId === folder.id).map((item) => [item.id, item]));
  const created = (key: string): string => `<t:Create>${itemElement(byId.get(key) as ExchangeItem, asked)}</t:Create>`;
  const answer = (changes: readonly string[], next: Position, ended: boolean): string[] => [
    succeeded(
      "SyncFolderItems",
      `<m:SyncState>${writePosition(next)}</m:SyncState><m:IncludesLastItemInRange>${ended}</m:IncludesLastItemInRange><m:Changes>${changes.join("")}</m:Changes>`,
    ),
  ];
  if (position.first !== null) {
    const all = box.changes
      .slice(0, position.seq)
      .filter(({ folderId, kind }) => folderId === folder.id && kind === "create")
      .map((change) => change.id)
      .reverse();
    const told = all.slice(position.first, position.first + most);
    const first = position.first + told.length;
    const ended = first >= all.length;
    return answer(told.filter((key) => byId.has(key)).map(created), { ...position, first: ended ? null : first }, ended);
  }
  const changes: string[] = [];
  let { seq } = position;
  for (; seq < box.changes.length && changes.length < most; seq++) {
    const change = box.changes[seq];
    if (change?.folderId !== folder.id) continue;
    const item = byId.get(change.id);
    if (change.kind === "delete") changes.push(`<t:Delete>${idElement("ItemId", change.id)}</t:Delete>`);
    else if (item && change.kind === "create") changes.push(created(change.id));
    else if (item && change.kind === "update") changes.push(`<t:Update>${itemElement(item, asked)}</t:Update>`);
    else if (item)
      changes.push(`<t:ReadFlagChange>${idElement("ItemId", change.id)}<t:IsRead>${item.isRead}</t:IsRead></t:ReadFlagChange>`);
  }
  return answer(changes, { ...position, seq }, seq >= box.changes.length);
};

const findItem = (operation: XmlElement, world: World): string[] => {
  const asked = fieldsAsked(operation);
  const never = [...asked].find((field) => /MimeContent|InternetMessageHeaders|Body|Recipients/.test(field));
  const constant = (operator: string): string | null => {
    const [found] = children(operation, `.//t:${operator}//t:Constant`);
    return found ? attributeOf(found, "Value") : null;
  };
  const since = Date.parse(constant("IsGreaterThanOrEqualTo") ?? "1970-01-01");
  const before = Date.parse(constant("IsLessThan") ?? "9999-12-31");
  const messageId = constant("IsEqualTo");
  const view = children(operation, "m:IndexedPageItemView")[0] as XmlElement;
  const [most, offset] = [Math.min(1000, Number(attributeOf(view, "MaxEntriesReturned"))), Number(attributeOf(view, "Offset"))];
  return children(operation, "m:ParentFolderIds/*").map((id) => {
    if (never) return failed("FindItem", { code: "ErrorInvalidPropertyRequest", text: `${never} is not given by FindItem.` });
    const place = findPlace(world, id);
    if (isRefusal(place)) return failed("FindItem", place);
    const all = place.box.items
      .filter(({ folderId, receivedAt }) => folderId === place.folder.id && receivedAt >= since && receivedAt < before)
      .filter(({ parsed }) => messageId === null || parsed.messageId === messageId)
      .sort((a, b) => b.receivedAt - a.receivedAt);
    const rows = all.slice(offset, offset + most);
    const next = offset + rows.length;
    return succeeded(
      "FindItem",
      `<m:RootFolder IndexedPagingOffset="${next}" TotalItemsInView="${all.length}" IncludesLastItemInRange="${next >= all.length}"><t:Items>${rows.map((item) => itemElement(item, asked)).join("")}</t:Items></m:RootFolder>`,
    );
  });
};

const getItem = (operation: XmlElement, world: World): string[] => {
  const asked = fieldsAsked(operation);
  const wishes = { whole: asked.has("item:MimeContent"), header: asked.has("tag:0x007D") };
  return children(operation, "m:ItemIds/t:ItemId").map((element) => {
    const id = attributeOf(element, "Id");
    const refuse = (refusal: Refusal): string => failed("GetItem", refusal, "<m:Items/>");
    if (!/^[A-Za-z0-9+/]{10,}=*$/.test(id)) return refuse({ code: "ErrorInvalidIdMalformed", text: "Id is malformed." });
    const item = world.mailboxes().flatMap(({ items }) => items.filter((each) => each.id === id))[0];
    if (!item) return refuse({ code: "ErrorItemNotFound", text: "The specified object was not found in the store." });
    const refusal = world.refuseItem(item, wishes);
    if (refusal === "no_content") asked.delete("item:MimeContent");
    else if (refusal) return refuse(refusal);
    return succeeded("GetItem", `<m:Items>${itemElement(item, asked)}</m:Items>`);
  });
};

const operations: { readonly [name: string]: (operation: XmlElement, world: World) => string[] } = {
  GetFolder: getFolder,
  FindFolder: findFolder,
  SyncFolderItems: syncFolderItems,
  FindItem: findItem,
  GetItem: getItem,
};

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${soapNamespace}"><s:Header><h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1118" MinorBuildNumber="40" xmlns:h="${typesNamespace}"/></s:Header><s:Body xmlns:m="${messagesNamespace}" xmlns:t="${typesNamespace}">${body}</s:Body></s:Envelope>`;

/** The name of the operation a request asks for. */
export const operationOf = (request: string): string => /<m:(\w+)/.exec(request)?.[1] ?? "";

/** The whole answer to a request that was found to fit the grammar. */
export const answerEws = (request: string, world: World): string => {
  const document = XmlDocument.fromString(request);
  try {
    const operation = children(document.root, "s:Body/*")[0] as XmlElement;
    const messages = operations[operation.name]?.(operation, world) ?? [];
    return envelope(
      `<m:${operation.name}Response><m:ResponseMessages>${messages.join("")}</m:ResponseMessages></m:${operation.name}Response>`,
    );
  } finally {
    document.dispose();
  }
};

/** An answer that refuses the whole request: as the one message of its operation. */
export const refuseEws = (request: string, refusal: Refusal): string => {
  const operation = operationOf(request);
  const inside = operation === "GetItem" ? "<m:Items/>" : operation === "GetFolder" ? "<m:Folders/>" : "";
  return envelope(
    `<m:${operation}Response><m:ResponseMessages>${failed(operation, refusal, inside)}</m:ResponseMessages></m:${operation}Response>`,
  );
};

/** A SOAP fault, as Exchange answers with status 500 before it looks at the operation. */
export const faultEws = ({ code, text = "The stand-in refuses.", backOffMilliseconds }: Refusal): string =>
  envelope(
    `<s:Fault><faultcode xmlns:a="${typesNamespace}">a:${code}</faultcode><faultstring xml:lang="en-US">${escapeXml(text)}</faultstring><detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${code}</e:ResponseCode><e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${escapeXml(text)}</e:Message>${backOffMilliseconds === undefined ? "" : `<t:MessageXml xmlns:t="${typesNamespace}"><t:Value Name="BackOffMilliseconds">${backOffMilliseconds}</t:Value></t:MessageXml>`}</detail></s:Fault>`,
  );
