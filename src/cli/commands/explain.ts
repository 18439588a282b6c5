import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { parseHeaderFields } from "../../bounces/header-fields.ts";
import { inspectMail } from "../../bounces/inspect-mail.ts";
import type { Report } from "../../bounces/report.ts";
import { triage } from "../../bounces/triage.ts";
import { isTextKey, type TextKey, text } from "../../messages/text.ts";
import { getInbox } from "../../store/inboxes.ts";
import { type Explanation, explainMessageId, explainRef } from "../../sync/explain.ts";
import { CliError } from "../exit-code.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const explainCommand = (): Command =>
  new Command("explain")
    .description("why a message was, or was not, logged as a bounce")
    .argument("<what>", "a Message-ID, the provider's id of a message (with --inbox), or an .eml file for a dry run")
    .option("--inbox <id>", "the inbox the provider's id is of")
    .action(async (what: string, options: { inbox?: string }, command: Command) => {
      if (options.inbox === undefined && existsSync(what)) {
        const dry = dryRun(await readFile(what));
        return print(command, dry, lines(dry));
      }
      await withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const found = await lookUp(house.database.read, account.id, what, options.inbox);
        print(
          command,
          found,
          found.flatMap((one) => [...lines(one), ""]),
        );
      });
    });

const lookUp = async (
  read: Parameters<typeof explainRef>[0],
  accountId: string,
  what: string,
  inboxId: string | undefined,
): Promise<Explanation[]> => {
  if (inboxId === undefined) return explainMessageId(read, accountId, what, "en");
  if (!(await getInbox(read, accountId, inboxId))) throw new CliError("notFound", `There is no inbox ${inboxId} in this account.`);
  const found = await explainRef(read, accountId, inboxId, what, "en");
  if (!found) throw new CliError("notFound", `Inbox ${inboxId} has no record of a message ${what}.`);
  return [found];
};

/** What we would make of a message, from its bytes alone. */
const dryRun = (bytes: Uint8Array): Explanation => {
  const envelope = {
    ref: "",
    folder: "",
    role: "inbox",
    headers: parseHeaderFields(bytes),
    receivedAt: null,
    size: bytes.length,
    threadId: null,
    hints: {},
  } as const;
  const judged = triage(envelope, { ownAddresses: new Set(), sentById: () => null });
  if (judged.verdict !== "suspect") {
    return { code: "not_suspected", sentence: text("en", "why.not_suspected", { time: "…" }), steps: judged.because };
  }
  const report = inspectMail(bytes);
  const { code, values } = conclusion(report);
  return { code, sentence: text("en", code, values), steps: [...judged.because, ...report.evidence] };
};

const conclusion = (report: Report): { code: TextKey; values: Record<string, string> } => {
  if (report.verdict === "bounce") {
    const ids = [report.original.messageId, ...report.inReplyTo].filter((id) => id !== null).join(", ");
    return { code: "why.dry_run_bounce", values: { ids: ids || "recipient, subject and time: it names no message" } };
  }
  if (report.verdict === "unreadable") return { code: "why.unreadable", values: { where: report.evidence.at(-1)?.because ?? "…" } };
  const code = report.kind === "forwarded_notice" ? "why.forwarded_or_quoted" : `why.${report.kind}`;
  return { code: isTextKey(code) ? code : "why.ordinary", values: { sign: report.evidence[0]?.because ?? "…" } };
};

const lines = ({ steps, sentence }: Explanation): string[] => [...steps.map(({ because }) => `  - ${because}`), `=> ${sentence}`];
