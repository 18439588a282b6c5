import type { ImapFlow, MailboxObject } from "imapflow";
import type { ConnectedInbox, ProbeAnswer, Tools } from "../../src/ports/connector.ts";
import { type Connection, openConnection } from "./connection.ts";
import { findFolders, listAll } from "./find-folders.ts";
import type { FindWay } from "./way-in.ts";

const answer = (assumption: string, holds: ProbeAnswer["holds"], detail: string): ProbeAnswer => ({ assumption, holds, detail });

const capabilities = ["SPECIAL-USE", "CONDSTORE", "IDLE", "UIDPLUS"];

const aboutServer = (client: ImapFlow): ProbeAnswer[] => [
  answer(
    "The connection is encrypted and verified",
    client.tls !== undefined && client.tls !== false && client.tls.authorized === true,
    client.tls ? (client.tls.version ?? "") : "no TLS",
  ),
  ...capabilities.map((name) =>
    answer(
      `The server offers ${name}`,
      client.capabilities.has(name),
      client.capabilities.has(name) ? "offered" : "not offered; not needed",
    ),
  ),
];

/** Flags of the newest messages, by UID, as one text. */
const flagsOf = async (client: ImapFlow, range: string): Promise<string> => {
  const lines: string[] = [];
  for await (const { uid, flags } of client.fetch(range, { uid: true, flags: true }))
    lines.push(`${uid} ${[...(flags ?? [])].sort().join(" ")}`);
  return lines.sort().join("\n");
};

const aboutMessages = async (client: ImapFlow, folder: MailboxObject): Promise<ProbeAnswer[]> => {
  const range = `${Math.max(1, folder.exists - 19)}:*`;
  const before = await flagsOf(client, range);
  const uids: number[] = [];
  let dated = true;
  for await (const message of client.fetch(range, { uid: true, internalDate: true, headers: ["message-id"] })) {
    uids.push(message.uid);
    dated &&= message.internalDate !== undefined;
  }
  await client.fetchOne("*", { source: { start: 0, maxLength: 1024 } });
  const ascending = uids.every((uid, index) => index === 0 || uid > (uids[index - 1] ?? 0));
  return [
    answer("Numbers (UIDs) ascend in the order of messages", ascending, `the newest ${uids.length} of ${folder.exists}`),
    answer("Every message has a date of arrival", dated, "INTERNALDATE"),
    answer("Reading does not change flags", (await flagsOf(client, range)) === before, "compared before and after"),
  ];
};

const aboutFolder = async (connection: Connection, path: string): Promise<ProbeAnswer[]> => {
  const answers = await connection.runIn(path, async (client, folder) => [
    answer(`"${path}" opens read-only`, folder.readOnly === true, "EXAMINE"),
    answer(`"${path}" tells its next number`, folder.uidNext !== undefined, String(folder.uidNext ?? "no UIDNEXT")),
    answer(`"${path}" keeps its numbers`, (folder.uidValidity ?? 0n) > 0n, `UIDVALIDITY ${folder.uidValidity ?? "missing"}`),
    ...(folder.exists > 0 ? await aboutMessages(client, folder) : [answer(`"${path}" can be read`, "unknown", "it is empty")]),
  ]);
  return answers === "no_folder" ? [answer(`"${path}" can be opened`, false, "it is not there")] : answers;
};

/** Checks what the connector takes for granted of a server, on the real mailbox and without changing it. */
export const probeImap = async (inbox: ConnectedInbox, tools: Tools, find: FindWay): Promise<readonly ProbeAnswer[]> => {
  const way = find(inbox, tools);
  const connection = openConnection(inbox, way, tools);
  try {
    const { folders, warnings } = findFolders(await listAll(connection), way);
    const sent = folders.find(({ role }) => role === "sent");
    const answers = await connection.run(async (client) => aboutServer(client));
    answers.push(
      answer("The server says which folder is Sent", sent !== undefined && warnings.length === 0, sent?.path ?? warnings[0]?.text ?? ""),
    );
    for (const { path } of folders) answers.push(...(await aboutFolder(connection, path)));
    return answers;
  } finally {
    await connection.close();
  }
};
