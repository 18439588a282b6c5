/**
 * What requests to Exchange Web Services and its answers look like: which elements, in which order, with which attributes and values, as
 * far as the connector's operations go. The facts are those of Microsoft's protocol documents (MS-OXWSCDATA, MS-OXWSCORE, MS-OXWSMSG,
 * MS-OXWSFOLD, MS-OXWSSRCH, MS-OXWSSYNC, MS-OXWSXPROP) for Exchange 2010 SP2, written down as a RELAX NG grammar, which libxml2 judges
 * by. Strict: what does not stand here is refused. Left out: kinds of items and folders that hold no mail, views and restrictions
 * nobody asks for, and parts of a message that are never asked for.
 */

/** A pattern of RELAX NG in its XML syntax. */
type Pattern = string;

export const messagesNamespace = "http://schemas.microsoft.com/exchange/services/2006/messages";
export const typesNamespace = "http://schemas.microsoft.com/exchange/services/2006/types";
export const soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/";

const nothing: Pattern = "<empty/>";
const text: Pattern = "<text/>";
const data = (type: string): Pattern => `<data type="${type}"/>`;
const [int, boolean, dateTime, base64] = [data("int"), data("boolean"), data("dateTime"), data("base64Binary")];
const oneOf = (words: string): Pattern =>
  `<choice>${words
    .split(" ")
    .map((word) => `<value>${word}</value>`)
    .join("")}</choice>`;
const between = (least: number, most: number): Pattern =>
  `<data type="int"><param name="minInclusive">${least}</param><param name="maxInclusive">${most}</param></data>`;
const group = (...patterns: Pattern[]): Pattern => `<group>${patterns.join("")}</group>`;
const choice = (...patterns: Pattern[]): Pattern => `<choice>${patterns.join("")}</choice>`;
const maybe = (...patterns: Pattern[]): Pattern => patterns.map((pattern) => `<optional>${pattern}</optional>`).join("");
const any = (pattern: Pattern): Pattern => `<zeroOrMore>${pattern}</zeroOrMore>`;
const some = (pattern: Pattern): Pattern => `<oneOrMore>${pattern}</oneOrMore>`;
const element = (namespace: string, name: string, content: readonly Pattern[]): Pattern =>
  `<element name="${name}" ns="${namespace}">${content.length === 0 ? nothing : content.join("")}</element>`;
const m = (name: string, ...content: Pattern[]): Pattern => element(messagesNamespace, name, content);
const t = (name: string, ...content: Pattern[]): Pattern => element(typesNamespace, name, content);
const s = (name: string, ...content: Pattern[]): Pattern => element(soapNamespace, name, content);
const attribute = (name: string, value: Pattern = text): Pattern => `<attribute name="${name}">${value}</attribute>`;

const itemFields =
  "ItemId ParentFolderId ItemClass MimeContent Attachments Subject DateTimeReceived Size Categories HasAttachments Importance InReplyTo InternetMessageHeaders IsAssociated IsDraft IsFromMe IsResend IsSubmitted IsUnmodified DateTimeSent DateTimeCreated Body ResponseObjects Sensitivity ReminderDueBy ReminderIsSet ReminderNextTime ReminderMinutesBeforeStart DisplayTo DisplayCc Culture EffectiveRights LastModifiedName LastModifiedTime ConversationId UniqueBody WebClientReadFormQueryString WebClientEditFormQueryString";
const messageFields =
  "ConversationIndex ConversationTopic InternetMessageId IsRead IsResponseRequested IsReadReceiptRequested IsDeliveryReceiptRequested References ReplyTo From Sender ToRecipients CcRecipients BccRecipients ReceivedBy ReceivedRepresenting";
const folderFields =
  "FolderId ParentFolderId DisplayName UnreadCount TotalCount ChildFolderCount FolderClass SearchParameters ManagedFolderInformation PermissionSet EffectiveRights SharingEffectiveRights";
const prefixed = (prefix: string, names: string): string =>
  names
    .split(" ")
    .map((name) => `${prefix}:${name}`)
    .join(" ");

const fieldUri = t(
  "FieldURI",
  attribute(
    "FieldURI",
    oneOf([prefixed("item", itemFields), prefixed("message", messageFields), prefixed("folder", folderFields)].join(" ")),
  ),
);
const extendedFieldUri = t(
  "ExtendedFieldURI",
  maybe(
    attribute("DistinguishedPropertySetId"),
    attribute("PropertySetId"),
    attribute("PropertyTag", `<data type="string"><param name="pattern">(0x|0X)?[0-9A-Fa-f]{1,4}</param></data>`),
    attribute("PropertyName"),
    attribute("PropertyId", int),
  ),
  attribute(
    "PropertyType",
    oneOf("ApplicationTime Binary Boolean CLSID Currency Double Error Float Integer Long Null Object Short String SystemTime StringArray"),
  ),
);
const additional = t("AdditionalProperties", some(choice(fieldUri, extendedFieldUri)));
const baseShape = t("BaseShape", oneOf("IdOnly Default AllProperties"));

const itemShape = m(
  "ItemShape",
  baseShape,
  maybe(
    t("IncludeMimeContent", boolean),
    t("BodyType", oneOf("Best HTML Text")),
    t("FilterHtmlContent", boolean),
    t("ConvertHtmlCodePageToUTF8", boolean),
    additional,
  ),
);
const folderShape = m("FolderShape", baseShape, maybe(additional));

const keyed = [attribute("Id"), maybe(attribute("ChangeKey"))];
const folderId = t("FolderId", ...keyed);
const itemId = t("ItemId", ...keyed);
const mailbox = [maybe(t("Name", text), t("EmailAddress", text), t("RoutingType", text), t("MailboxType", text), itemId)];
const distinguishedFolderId = t(
  "DistinguishedFolderId",
  attribute(
    "Id",
    oneOf(
      "calendar contacts deleteditems drafts inbox journal notes outbox sentitems tasks msgfolderroot publicfoldersroot root junkemail searchfolders voicemail recoverableitemsroot archiveroot archivemsgfolderroot",
    ),
  ),
  maybe(attribute("ChangeKey"), t("Mailbox", ...mailbox)),
);
const folderIds = some(choice(folderId, distinguishedFolderId));

const compared = group(fieldUri, t("FieldURIOrConstant", choice(fieldUri, t("Constant", attribute("Value")))));
const comparison = choice(
  ...["IsEqualTo", "IsNotEqualTo", "IsGreaterThan", "IsGreaterThanOrEqualTo", "IsLessThan", "IsLessThanOrEqualTo"].map((name) =>
    t(name, compared),
  ),
);
const restriction = m("Restriction", choice(comparison, t("And", some(comparison)), t("Or", some(comparison))));
const page = [maybe(attribute("MaxEntriesReturned", int)), attribute("Offset", int), attribute("BasePoint", oneOf("Beginning End"))];

const operations = choice(
  m("GetFolder", folderShape, m("FolderIds", folderIds)),
  m(
    "FindFolder",
    attribute("Traversal", oneOf("Shallow Deep SoftDeleted")),
    folderShape,
    maybe(m("IndexedPageFolderView", ...page), restriction),
    m("ParentFolderIds", folderIds),
  ),
  m(
    "SyncFolderItems",
    itemShape,
    m("SyncFolderId", choice(folderId, distinguishedFolderId)),
    maybe(m("SyncState", text), m("Ignore", any(itemId))),
    m("MaxChangesReturned", between(1, 512)),
    maybe(m("SyncScope", oneOf("NormalItems NormalAndAssociatedItems"))),
  ),
  m(
    "FindItem",
    attribute("Traversal", oneOf("Shallow SoftDeleted Associated")),
    itemShape,
    maybe(m("IndexedPageItemView", ...page), restriction),
    maybe(m("SortOrder", some(t("FieldOrder", attribute("Order", oneOf("Ascending Descending")), choice(fieldUri, extendedFieldUri))))),
    m("ParentFolderIds", folderIds),
    maybe(m("QueryString", text)),
  ),
  m("GetItem", itemShape, m("ItemIds", some(itemId))),
);

const versions =
  "Exchange2007 Exchange2007_SP1 Exchange2010 Exchange2010_SP1 Exchange2010_SP2 Exchange2013 Exchange2013_SP1 Exchange2015 Exchange2016 Exchange2019";

/** A request: SOAP 1.1, one operation in it. */
export const request: Pattern = s(
  "Envelope",
  s(
    "Header",
    t("RequestServerVersion", attribute("Version", oneOf(versions))),
    maybe(t("TimeZoneContext", t("TimeZoneDefinition", attribute("Id")))),
  ),
  s("Body", operations),
);

const recipients = (name: string): Pattern => t(name, any(t("Mailbox", ...mailbox)));
const single = (name: string): Pattern => t(name, t("Mailbox", ...mailbox));

const itemContent = maybe(
  t("MimeContent", maybe(attribute("CharacterSet")), base64),
  itemId,
  t("ParentFolderId", ...keyed),
  t("ItemClass", text),
  t("Subject", text),
  t("DateTimeReceived", dateTime),
  t("Size", int),
  t("InReplyTo", text),
  t("IsSubmitted", boolean),
  t("IsDraft", boolean),
  t("IsFromMe", boolean),
  t("InternetMessageHeaders", some(t("InternetMessageHeader", attribute("HeaderName"), text))),
  t("DateTimeSent", dateTime),
  t("DateTimeCreated", dateTime),
  t("DisplayCc", text),
  t("DisplayTo", text),
  t("HasAttachments", boolean),
  some(t("ExtendedProperty", extendedFieldUri, choice(t("Value", text), t("Values", some(t("Value", text)))))),
  t("ConversationId", ...keyed),
);
const messageContent = maybe(
  single("Sender"),
  recipients("ToRecipients"),
  recipients("CcRecipients"),
  recipients("BccRecipients"),
  t("ConversationTopic", text),
  single("From"),
  t("InternetMessageId", text),
  t("IsRead", boolean),
  t("References", text),
);
const item = choice(t("Message", itemContent, messageContent), t("Item", itemContent), t("MeetingRequest", itemContent, messageContent));
const folder = t(
  "Folder",
  maybe(
    folderId,
    t("ParentFolderId", ...keyed),
    t("FolderClass", text),
    t("DisplayName", text),
    t("TotalCount", int),
    t("ChildFolderCount", int),
    t("UnreadCount", int),
  ),
);

const answer = (operation: string, content: Pattern): Pattern =>
  m(
    `${operation}Response`,
    m(
      "ResponseMessages",
      some(
        m(
          `${operation}ResponseMessage`,
          attribute("ResponseClass", oneOf("Success Warning Error")),
          maybe(m("MessageText", text), m("ResponseCode", `<data type="NCName"/>`), m("DescriptiveLinkKey", int)),
          maybe(m("MessageXml", any(t("Value", attribute("Name"), text)))),
          content,
        ),
      ),
    ),
  );

const change = (name: string): Pattern => t(name, item);
const paging = maybe(
  attribute("IndexedPagingOffset", int),
  attribute("TotalItemsInView", int),
  attribute("IncludesLastItemInRange", boolean),
);

const fault = s(
  "Fault",
  `<element name="faultcode" ns="">${text}</element>`,
  `<element name="faultstring" ns=""><optional><attribute name="xml:lang">${text}</attribute></optional>${text}</element>`,
  `<optional><element name="detail" ns=""><element name="ResponseCode" ns="http://schemas.microsoft.com/exchange/services/2006/errors">${text}</element><element name="Message" ns="http://schemas.microsoft.com/exchange/services/2006/errors">${text}</element><optional>${t("MessageXml", any(t("Value", attribute("Name"), text)))}</optional></element></optional>`,
);

/** An answer: one of the operations', or a fault. */
export const response: Pattern = s(
  "Envelope",
  s(
    "Header",
    t(
      "ServerVersionInfo",
      maybe(
        ...["MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber"].map((name) => attribute(name, int)),
        attribute("Version"),
      ),
    ),
  ),
  s(
    "Body",
    choice(
      answer("GetFolder", m("Folders", any(folder))),
      answer("FindFolder", maybe(m("RootFolder", paging, maybe(t("Folders", any(folder)))))),
      answer(
        "SyncFolderItems",
        maybe(
          m("SyncState", text),
          m("IncludesLastItemInRange", boolean),
          m(
            "Changes",
            any(choice(change("Create"), change("Update"), t("Delete", itemId), t("ReadFlagChange", itemId, t("IsRead", boolean)))),
          ),
        ),
      ),
      answer("FindItem", maybe(m("RootFolder", paging, t("Items", any(item))))),
      answer("GetItem", m("Items", any(item))),
      fault,
    ),
  ),
);

/** A pattern as a whole grammar. */
export const grammarOf = (start: Pattern): string =>
  `<grammar xmlns="http://relaxng.org/ns/structure/1.0" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes"><start>${start}</start></grammar>`;
