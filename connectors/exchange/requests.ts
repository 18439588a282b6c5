/**
 * The five EWS operations that are used, all of them reading (MS-OXWSSYNC, MS-OXWSCORE, MS-OXWSSRCH, MS-OXWSFOLD), as XML. Elements stand
 * in the order Microsoft's schemas ask for. Whatever comes from outside goes through `escaped`.
 */

/** Most changes SyncFolderItems gives in one answer (MS-OXWSSYNC, MaxSyncChangesReturnedType). */
export const mostChanges = 512;

/** Text as it may stand in an element or an attribute. Characters XML 1.0 cannot hold are left out. */
const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Every version since Exchange 2010 SP2 answers to it. */
const requestVersion = "Exchange2010_SP2";

/** A whole request: one operation in its SOAP 1.1 envelope. */
export const soap = (operation: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header><t:RequestServerVersion Version="${requestVersion}"/></s:Header><s:Body>${operation}</s:Body></s:Envelope>`;

const field = (uri: string): string => `<t:FieldURI FieldURI="${uri}"/>`;

const fields = (uris: readonly string[], more = ""): string =>
  `<t:AdditionalProperties>${uris.map(field).join("")}${more}</t:AdditionalProperties>`;

const itemShape = (uris: readonly string[], more = ""): string =>
  `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>${fields(uris, more)}</m:ItemShape>`;

const folderShape = (uris: readonly string[]): string => `<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>${fields(uris)}</m:FolderShape>`;

const folderId = (id: string): string => `<t:FolderId Id="${escaped(id)}"/>`;

/** A folder by the name it has in every language; of another mailbox than the login's own where `owner` names one. */
const namedFolder = (name: string, owner: string | null): string =>
  owner === null
    ? `<t:DistinguishedFolderId Id="${name}"/>`
    : `<t:DistinguishedFolderId Id="${name}"><t:Mailbox><t:EmailAddress>${escaped(owner)}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`;

/** Folders by the names every mailbox knows them by: one answer each, in order. */
export const getFolders = (names: readonly string[], owner: string | null): string =>
  `<m:GetFolder>${folderShape(["folder:DisplayName"])}<m:FolderIds>${names.map((name) => namedFolder(name, owner)).join("")}</m:FolderIds></m:GetFolder>`;

/** All folders of a mailbox that people see. */
export const findFolders = (owner: string | null): string =>
  `<m:FindFolder Traversal="Deep">${folderShape(["folder:ParentFolderId", "folder:FolderClass", "folder:DisplayName"])}<m:ParentFolderIds>${namedFolder("msgfolderroot", owner)}</m:ParentFolderIds></m:FindFolder>`;

/** What changed in a folder since a position; all it holds, without one. */
export const syncFolderItems = (folder: string, position: string | null): string =>
  `<m:SyncFolderItems>${itemShape(["item:DateTimeReceived"])}<m:SyncFolderId>${folderId(folder)}</m:SyncFolderId>${
    position === null ? "" : `<m:SyncState>${escaped(position)}</m:SyncState>`
  }<m:MaxChangesReturned>${mostChanges}</m:MaxChangesReturned></m:SyncFolderItems>`;

const instant = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

const compare = (operator: string, at: number): string =>
  `<t:${operator}>${field("item:DateTimeReceived")}<t:FieldURIOrConstant><t:Constant Value="${instant(at)}"/></t:FieldURIOrConstant></t:${operator}>`;

export type Stretch = { since: number; before: number; offset: number; most: number };

/** What a folder got in a stretch of time (`since` <= received < `before`), newest first. */
export const findItems = (folder: string, { since, before, offset, most }: Stretch): string =>
  `<m:FindItem Traversal="Shallow">${itemShape(["item:DateTimeReceived"])}<m:IndexedPageItemView MaxEntriesReturned="${most}" Offset="${offset}" BasePoint="Beginning"/><m:Restriction><t:And>${compare("IsGreaterThanOrEqualTo", since)}${compare("IsLessThan", before)}</t:And></m:Restriction><m:SortOrder><t:FieldOrder Order="Descending">${field("item:DateTimeReceived")}</t:FieldOrder></m:SortOrder><m:ParentFolderIds>${folderId(folder)}</m:ParentFolderIds></m:FindItem>`;

/** Those with a Message-ID, in its angle brackets, in each of several folders: one answer each, in order. */
export const findByMessageId = (folders: readonly string[], messageId: string): string =>
  `<m:FindItem Traversal="Shallow">${itemShape(["item:DateTimeReceived"])}<m:IndexedPageItemView MaxEntriesReturned="5" Offset="0" BasePoint="Beginning"/><m:Restriction><t:IsEqualTo>${field("message:InternetMessageId")}<t:FieldURIOrConstant><t:Constant Value="${escaped(messageId)}"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction><m:ParentFolderIds>${folders.map(folderId).join("")}</m:ParentFolderIds></m:FindItem>`;

const getItem = (shape: string, ids: readonly string[]): string =>
  `<m:GetItem>${shape}<m:ItemIds>${ids.map((id) => `<t:ItemId Id="${escaped(id)}"/>`).join("")}</m:ItemIds></m:GetItem>`;

const facts = [
  "item:ItemClass",
  "item:Subject",
  "item:DateTimeReceived",
  "item:Size",
  "item:IsDraft",
  "item:DateTimeSent",
  "item:ConversationId",
  "message:Sender",
  "message:ToRecipients",
  "message:CcRecipients",
  "message:BccRecipients",
  "message:From",
  "message:InternetMessageId",
];

/** PidTagTransportMessageHeaders (MS-OXPROPS): the header as it came. */
const wholeHeader = '<t:ExtendedFieldURI PropertyTag="0x007D" PropertyType="String"/>';

/** What is known of messages without their text: one answer each, in order. `header`: the header as it was on the wire, too. */
export const getFacts = (ids: readonly string[], { header }: { header: boolean }): string =>
  getItem(header ? itemShape([...facts, "item:InternetMessageHeaders"], wholeHeader) : itemShape(facts), ids);

/** The size of one message. */
export const getSize = (id: string): string => getItem(itemShape(["item:Size"]), [id]);

/** One whole message as MIME. */
export const getMime = (id: string): string =>
  getItem("<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape>", [id]);
