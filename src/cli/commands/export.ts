import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command, Option } from "commander";
import { z } from "zod";
import type { ApiDeps } from "../../api/deps.ts";
import { presentEngagement } from "../../api/present-engagement.ts";
import { csvLine } from "../../messages/csv-line.ts";
import type { EngagementState, Read } from "../../ports/database.ts";
import { type Engagement, type EngagementFilter, listEngagements } from "../../store/engagements.ts";
import { noticeLinks } from "../../sync/notice-links.ts";
import { CliError } from "../exit-code.ts";
import { chosenAccount, type Globals, withHouse } from "../with-house.ts";

type Options = { format: keyof typeof formats; since?: string; state?: EngagementState };
type Cell = string | number | null;

export const exportCommand = (): Command =>
  new Command("export")
    .description("print every engagement of the account, oldest first; it is read and written piece by piece, however many there are")
    .addOption(new Option("--format <format>", "csv or ndjson").choices(["csv", "ndjson"]).makeOptionMandatory())
    .option("--since <date>", "only what happened since: 2026-11-01, or 2026-11-01T08:00:00Z (a bare date begins at midnight, UTC)")
    .addOption(new Option("--state <state>", "only this state").choices(["pending", "soft", "hard", "delivered", "retracted"]))
    .addHelpText("after", columnsHelp)
    .action((options: Options, command: Command) =>
      withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const filter: EngagementFilter = {
          state: options.state && [options.state],
          occurredSince: options.since === undefined ? undefined : readSince(options.since),
        };
        const describe = async (provider: string) => (await house.loadConnector(provider))?.describe ?? null;
        await writeOut(exportText({ read: house.database.read, describe }, account.id, options.format, filter));
      }),
    );

/**
 * The export in pieces, one for each page of the store. An engagement that changes while it runs is in it as it was or as it is;
 * one that moves in time, because older news of it comes, may be in it twice: its id and version tell.
 */
export async function* exportText(
  { read, describe }: { read: Read; describe: ApiDeps["describe"] },
  accountId: string,
  format: keyof typeof formats,
  filter: EngagementFilter,
): AsyncGenerator<string> {
  const { head, lines } = formats[format];
  let piece = head;
  let cursor: string | null = null;
  do {
    const page: { data: Engagement[]; nextCursor: string | null } = await listEngagements(read, accountId, {
      ...filter,
      sort: "occurredAt",
      limit: 200,
      cursor,
    });
    yield piece + (await lines(page.data, (ids) => noticeLinks(read, describe, accountId, ids))).join("");
    piece = "";
    cursor = page.nextCursor;
  } while (cursor !== null);
}

const time = (at: number | null): Cell => (at === null ? null : new Date(at).toISOString());

/** The columns of the CSV, in order: what each is, and where it comes from. */
const columns: Record<string, [meaning: string, value: (row: Engagement) => Cell]> = {
  id: ["the engagement's id; with version it names what was exported", (row) => row.id],
  version: ["counts its changes, from 1", (row) => row.version],
  state: ["pending, soft, hard, delivered or retracted", (row) => row.state],
  category: ["why, in ten categories", (row) => row.category],
  reason: ["why, in detail", (row) => row.reason],
  address: ["the address that was written to", (row) => row.recipient.address],
  role: ["to, cc or bcc", (row) => row.recipient.role],
  reportedAddress: ["the address that failed", (row) => row.recipient.reportedAddress],
  relation: ["same, alias or forward: how the two belong together", (row) => row.recipient.relation],
  addressEffect: ["made_ineligible or none", (row) => row.addressEffect],
  contactId: ["our id of the contact", (row) => row.contactId],
  contactExternalId: ["your id of the contact", (row) => row.contactExternalId],
  inboxId: ["the inbox it was sent from", (row) => row.inboxId],
  sentMessageId: ["our id of the message", (row) => row.sentMessageId],
  sentMessageExternalId: ["your id of the message", (row) => row.sentMessage.externalId],
  sendId: ["the marketing send it belongs to", (row) => row.sentMessage.sendId],
  messageId: ["its Message-ID", (row) => row.sentMessage.messageId],
  subject: ["its subject", (row) => row.sentMessage.subject],
  from: ["its sender", (row) => row.sentMessage.from],
  sentAt: ["when it was sent", (row) => time(row.sentMessage.sentAt)],
  status: ["the server's enhanced status code (RFC 3463)", (row) => row.server?.status ?? null],
  smtpCode: ["the server's reply code", (row) => row.server?.smtpCode ?? null],
  diagnostic: ["the server's own words", (row) => row.server?.diagnostic ?? null],
  matchRule: ["by what it was tied to the message", (row) => row.match?.rule ?? null],
  confidence: ["certain or likely", (row) => row.match?.confidence ?? null],
  noticeId: ["the notice the state rests on", (row) => row.noticeId],
  pendingUntil: ["while pending: when it becomes soft by itself", (row) => time(row.pendingUntil)],
  backfill: ["true: found by a first sync, old news", (row) => String(row.backfill)],
  occurredAt: ["when the notice came", (row) => time(row.occurredAt)],
  detectedAt: ["when we learned of it", (row) => time(row.detectedAt)],
  updatedAt: ["when it changed last", (row) => time(row.updatedAt)],
};

type Links = (noticeIds: readonly (string | null)[]) => ReturnType<typeof noticeLinks>;
type Format = { head: string; lines: (rows: readonly Engagement[], links: Links) => Promise<string[]> };

const formats: Record<"csv" | "ndjson", Format> = {
  csv: {
    head: csvLine(Object.keys(columns)),
    lines: async (rows) => rows.map((row) => csvLine(Object.values(columns).map(([, value]) => value(row)))),
  },
  ndjson: {
    head: "",
    lines: async (rows, links) => {
      const found = await links(rows.map((row) => row.noticeId));
      return rows.map((row) => `${JSON.stringify(presentEngagement(row, "en", new Set(["sentMessage", "notice"]), found))}\n`);
    },
  },
};

function columnsHelp(): string {
  const lines = Object.entries(columns).map(([name, [meaning]]) => `  ${name.padEnd(22)} ${meaning}`);
  return `
ndjson: a line is an engagement as GET /v1/engagements?expand=sentMessage,notice gives it.
csv: UTF-8, RFC 4180, a line of names first. Times are RFC 3339 in UTC; what is not known is empty. A text that begins with
= + - @ has an apostrophe in front, so that a spreadsheet does not run it. Columns:
${lines.join("\n")}`;
}

const readSince = (text: string): number => {
  if (!z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(text).success)
    throw new CliError("usage", `--since is a date such as 2026-11-01 or 2026-11-01T08:00:00Z, not ${text}.`);
  return Date.parse(text);
};

/** Writes no faster than it is read. Who stops reading (`| head`) has what they wanted. */
const writeOut = async (text: AsyncIterable<string>): Promise<void> => {
  try {
    await pipeline(Readable.from(text, { highWaterMark: 1 }), process.stdout, { end: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPIPE" && code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
};
