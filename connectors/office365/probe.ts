import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import type { ConnectedInbox, ProbeAnswer, Tools } from "../../src/ports/connector.ts";
import { emptyFolder, type Holds, questions } from "../shared/probe-question.ts";
import { messageClassId } from "./envelope-of-row.ts";
import { findFolder } from "./find-folder.ts";
import { type Graph, openGraph } from "./graph.ts";
import { isAnswer } from "./graph-error.ts";
import { type MessageRow, type RowPage, receivedAt, rowSelect } from "./message-row.ts";
import { ownAddresses } from "./own-addresses.ts";
import { instant, query } from "./query.ts";

const check = questions(isAnswer);

const newest = async (graph: Graph, folder: string, select: string, immutableIds = true): Promise<MessageRow | undefined> => {
  const at = `/mailFolders/${folder}/messages${query({ $top: 1, $orderby: "receivedDateTime desc", $select: select })}`;
  return (await graph.get<RowPage>({ at, immutableIds })).value[0];
};

const idsDiffer = async (graph: Graph): Promise<[Holds, string]> => {
  const [stable, usual] = [await newest(graph, "inbox", "id"), await newest(graph, "inbox", "id", false)];
  return stable && usual ? [stable.id !== usual.id, "the newest message of the inbox asked for both ways"] : emptyFolder;
};

const listsHeaders = async (graph: Graph, folder: string): Promise<[Holds, string]> => {
  const row = await newest(graph, folder, rowSelect);
  return row ? [(row.internetMessageHeaders?.length ?? 0) > 0, `${row.internetMessageHeaders?.length ?? 0} fields`] : emptyFolder;
};

/** The changes from the newest message on, to the end of the round. */
const followNewest = async (graph: Graph): Promise<[Holds, string]> => {
  const last = await newest(graph, "inbox", "id,receivedDateTime");
  if (!last) return emptyFolder;
  const from = receivedAt(last) ?? graph.now();
  const parameters = { $filter: `receivedDateTime ge ${instant(from)}`, $select: rowSelect };
  let next: string | undefined = `/mailFolders/inbox/messages/delta${query(parameters)}`;
  const rows: MessageRow[] = [];
  for (let pages = 0; next && pages < 5; pages++) {
    const page: RowPage = await graph.get<RowPage>({ at: next, pageSize: 50 });
    rows.push(...page.value);
    next = page["@odata.nextLink"];
  }
  const withHeader = rows.filter(({ internetMessageHeaders }) => (internetMessageHeaders?.length ?? 0) > 0).length;
  const fits = rows.some(({ id }) => id === last.id) && rows.every((row) => (receivedAt(row) ?? from) >= from);
  return [fits && next === undefined, `${rows.length} messages, ${withHeader} of them with their header`];
};

const rawBelongs = async (graph: Graph): Promise<[Holds, string]> => {
  const row = await newest(graph, "inbox", "id,internetMessageId");
  if (!row) return emptyFolder;
  const bytes = await graph.getBytes({ at: `/messages/${encodeURIComponent(row.id)}/$value` }, 50_000_000);
  const id = parseHeaderFields(bytes).get("message-id")?.[0];
  return [id === row.internetMessageId, `${bytes.length} bytes`];
};

const newestNotice = async (graph: Graph): Promise<MessageRow | undefined> => {
  const $filter = `singleValueExtendedProperties/any(ep: ep/id eq '${messageClassId}' and ep/value eq 'REPORT.IPM.Note.NDR')`;
  return (await graph.get<RowPage>({ at: `/mailFolders/inbox/messages${query({ $filter, $top: 1, $select: "id,toRecipients" })}` }))
    .value[0];
};

const tellsClass = async (graph: Graph): Promise<[Holds, string]> => {
  const row = await newest(graph, "inbox", "id");
  if (!row) return emptyFolder;
  const $expand = `singleValueExtendedProperties($filter=id eq '${messageClassId}')`;
  const found = await graph.get<MessageRow>({ at: `/messages/${encodeURIComponent(row.id)}${query({ $select: "id", $expand })}` });
  const value = found.singleValueExtendedProperties?.[0]?.value;
  return [value !== undefined, value ?? "no class was given"];
};

const noticeNamesFailed = async (graph: Graph, own: readonly string[]): Promise<[Holds, string]> => {
  const row = await newestNotice(graph);
  if (!row) return ["unknown", "the inbox holds no notice made by Exchange"];
  const to = (row.toRecipients ?? []).flatMap(({ emailAddress }) => emailAddress?.address?.toLowerCase() ?? []);
  return [to.length > 0 && !to.some((address) => own.includes(address)), `${to.length} recipients`];
};

/** Checks what the connector takes for granted of Microsoft Graph, on the real mailbox and without changing it. */
export const probeOffice365 = async (inbox: ConnectedInbox, tools: Tools): Promise<readonly ProbeAnswer[]> => {
  const graph = openGraph(inbox, tools);
  const own = await ownAddresses(graph, inbox);
  const skew = (): number => Math.round(Math.abs(graph.now() - tools.now()) / 1000);
  return [
    await check("Sent Items is found by its well-known name", async () => {
      const sent = await findFolder(graph, "sentitems");
      return [sent !== null, sent?.path ?? "not there"];
    }),
    await check("Junk Email is found by its well-known name", async () => {
      const junk = await findFolder(graph, "junkemail");
      return [junk !== null, junk?.path ?? "not there"];
    }),
    await check("Immutable ids are given when asked for", () => idsDiffer(graph)),
    await check("Lists of the inbox give the header", () => listsHeaders(graph, "inbox")),
    await check("Lists of sent mail give the header", () => listsHeaders(graph, "sentitems")),
    await check("Changes of a folder can be followed from a moment on", () => followNewest(graph)),
    await check("The whole message can be fetched", () => rawBelongs(graph)),
    await check("The message class is told", () => tellsClass(graph)),
    await check("The recipients of Exchange's notices are those who failed", () => noticeNamesFailed(graph, own.addresses)),
    { assumption: "All own addresses are told", holds: own.warnings.length === 0, detail: `${own.addresses.length} addresses` },
    { assumption: "Our clock agrees with Microsoft's", holds: skew() < 120, detail: `${skew()} seconds apart` },
  ];
};
