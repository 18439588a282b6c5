import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import type { ConnectedInbox, ProbeAnswer, Tools } from "../../src/ports/connector.ts";
import { emptyFolder, type Holds, questions } from "../shared/probe-question.ts";
import { type Ews, openEws } from "./ews.ts";
import { isAnswer } from "./exchange-error.ts";
import { fetchRaw } from "./fetch-raw.ts";
import { createFolderFinder, type FoundFolder } from "./find-folder.ts";
import { findItems, getFacts, syncFolderItems } from "./requests.ts";
import { at, child, instantAt, textAt } from "./xml.ts";

const check = questions(isAnswer);

type Newest = { ids: string[]; times: (number | null)[] };

const newest = async (ews: Ews, { id }: FoundFolder): Promise<Newest> => {
  const before = Math.ceil(ews.now() / 1000) * 1000 + 86_400_000;
  const root = at(await ews.ask(findItems(id, { since: 0, before, offset: 0, most: 20 })), "RootFolder");
  const items = at(root, "Items")?.children ?? [];
  return {
    ids: items.map((item) => child(item, "ItemId")?.attributes.get("Id") ?? ""),
    times: items.map((item) => instantAt(item, "DateTimeReceived")),
  };
};

const listsByTime = async (ews: Ews, folder: FoundFolder): Promise<[Holds, string]> => {
  const { times } = await newest(ews, folder);
  const falls = times.every((time, index) => time !== null && (index === 0 || time <= (times[index - 1] ?? 0)));
  return times.length === 0 ? emptyFolder : [falls, `the newest ${times.length} messages`];
};

const givesHeader = async (ews: Ews, folder: FoundFolder): Promise<[Holds, string]> => {
  const [id] = (await newest(ews, folder)).ids;
  if (id === undefined) return emptyFolder;
  const item = at(await ews.ask(getFacts([id], { header: true })), "Items")?.children[0];
  const whole = textAt(item, "ExtendedProperty", "Value")?.length ?? 0;
  const count = child(item, "InternetMessageHeaders")?.children.length ?? 0;
  return [whole > 0, `${whole} characters, ${count} fields in its list, class ${textAt(item, "ItemClass") ?? "not told"}`];
};

const wholeBelongs = async (ews: Ews, folder: FoundFolder): Promise<[Holds, string]> => {
  const [id] = (await newest(ews, folder)).ids;
  if (id === undefined) return emptyFolder;
  const item = at(await ews.ask(getFacts([id], { header: false })), "Items")?.children[0];
  const bytes = await fetchRaw(ews, id, 50_000_000);
  if (bytes === "gone") return ["unknown", "it was deleted meanwhile"];
  return [parseHeaderFields(bytes).get("message-id")?.[0] === textAt(item, "InternetMessageId"), `${bytes.length} bytes`];
};

const keepsPosition = async (ews: Ews, { id }: FoundFolder): Promise<[Holds, string]> => {
  const first = await ews.ask(syncFolderItems(id, null));
  const again = await ews.ask(syncFolderItems(id, textAt(first, "SyncState")));
  const firstCount = child(first, "Changes")?.children.length ?? 0;
  return [
    textAt(again, "SyncState") !== null,
    `${firstCount} changes at first, ${child(again, "Changes")?.children.length ?? 0} behind them`,
  ];
};

/** Checks what the connector takes for granted of an Exchange server, on the real mailbox and without changing it. */
export const probeExchange = async (inbox: ConnectedInbox, tools: Tools): Promise<readonly ProbeAnswer[]> => {
  const ews = openEws(inbox, tools);
  try {
    const find = createFolderFinder(ews);
    const [sent, box, junk] = [await find("sentitems"), await find("inbox"), await find("junkemail")];
    const found = (title: string, folder: FoundFolder | null): ProbeAnswer => ({
      assumption: `${title} is found in every language`,
      holds: folder !== null,
      detail: folder?.path ?? "not there",
    });
    const skew = Math.round(Math.abs(ews.now() - tools.now()) / 1000);
    const answers = [
      { assumption: "The server says which Exchange it is", holds: ews.version() !== null, detail: ews.version() ?? "no version" },
      found("Sent Items", sent),
      found("Junk Email", junk),
      { assumption: "Our clock agrees with the server's", holds: skew < 120, detail: `${skew} seconds apart` },
    ];
    if (box === null) return answers;
    return [
      ...answers,
      await check("Lists come newest first", () => listsByTime(ews, box)),
      await check("Messages are told with their header", () => givesHeader(ews, box)),
      await check("The whole message can be fetched", () => wholeBelongs(ews, box)),
      await check("Changes can be followed from a position", () => keepsPosition(ews, box)),
    ];
  } finally {
    ews.close();
  }
};
