import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { type TextKey, text } from "../../messages/text.ts";
import { getInbox, type Inbox } from "../../store/inboxes.ts";
import { type Asker, type Explanation, explainMessageId, explainRef, sayWhy } from "../../sync/explain.ts";
import { explainHour } from "../../sync/explain-hour.ts";
import { dryRun, explainMail } from "../../sync/explain-mail.ts";
import { findInMailbox } from "../../sync/find-in-mailbox.ts";
import { CliError } from "../exit-code.ts";
import type { House } from "../house.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

type Options = { inbox?: string; hour?: string };

export const explainCommand = (): Command =>
  new Command("explain")
    .description("why a message was, or was not, logged as a bounce")
    .argument("[what]", "a Message-ID, the provider's id of a message (with --inbox), or an .eml file")
    .option("--inbox <id>", "the inbox the provider's id is of, or the message should lie in: the mailbox itself is searched, too")
    .option(
      "--hour <time>",
      "instead of a message: what came, or did not, into --inbox in the hour from this time on, such as 2026-11-25T15:00Z",
    )
    .action(async (what: string | undefined, options: Options, command: Command) => {
      if (what !== undefined && options.inbox === undefined && existsSync(what)) {
        const { why, steps } = dryRun(await readFile(what), "en");
        const dry = sayWhy({ language: "en" }, why, steps);
        return print(command, dry, lines(dry));
      }
      await withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const found = await lookUp(house, askerOf(house, account.id), what, options);
        print(
          command,
          found,
          found.flatMap((one) => [...lines(one), ""]),
        );
      });
    });

const lookUp = async (house: House, asker: Asker, what: string | undefined, { inbox: inboxId, hour }: Options): Promise<Explanation[]> => {
  if (inboxId === undefined) {
    if (what === undefined) throw new CliError("usage", "Say what: a Message-ID, an .eml file, or --inbox with --hour.");
    return explainMessageId(asker, what);
  }
  const inbox = await getInbox(asker.read, asker.accountId, inboxId);
  if (!inbox) throw new CliError("notFound", `There is no inbox ${inboxId} in this account.`);
  if (what === undefined) return [(await explainHour(asker, inbox, readTime(hour))).explanation];
  if (existsSync(what)) {
    const { explanations, missing } = await explainMail(asker, await readFile(what));
    return missing ? searched(house, asker, explanations, inbox, missing.messageId) : explanations;
  }
  const byRef = await explainRef(asker, inboxId, what);
  if (byRef) return [byRef];
  const found = await explainMessageId(asker, what, inboxId);
  return found[0]?.code === "not_seen" ? searched(house, asker, found, inbox, what) : found;
};

/** What there is no record of is looked for in the mailbox itself. */
const searched = async (house: House, asker: Asker, found: Explanation[], inbox: Inbox, messageId: string): Promise<Explanation[]> => {
  const { explanation, steps } = await findInMailbox(house, asker, { inboxId: inbox.id, messageId });
  return explanation ? [explanation] : found.map((one) => ({ ...one, steps: [...one.steps, ...steps] }));
};

/** How the command line asks: in English, as the operator. */
export const askerOf = (house: House, accountId: string): Asker => ({
  read: house.database.read,
  accountId,
  language: "en",
  now: house.now(),
  labelOf: async (provider) => (await house.loadConnector(provider))?.describe.label ?? provider,
});

const readTime = (given: string | undefined): number => {
  const at = Date.parse(given ?? "");
  if (Number.isNaN(at)) throw new CliError("usage", "--hour is a time such as 2026-11-25T15:00Z.");
  return at;
};

const lines = ({ steps, sentence, needed, action }: Explanation): string[] => [
  ...steps.map(({ because }) => `  - ${because}`),
  `=> ${sentence}`,
  ...(needed === null ? [] : [`   needed: ${needed}`]),
  ...(action === null ? [] : [`   next: ${nextStep(action)}`]),
];

/** The command that does it, where there is one; else what a page offers. */
const nextStep = (action: NonNullable<Explanation["action"]>): string => {
  if (action.code === "poll_now") return `bounceline inbox sync ${action.inboxId}`;
  if (action.code === "check_coverage") return `bounceline coverage ${action.inboxId}`;
  if (action.code === "resume") return `bounceline inbox resume ${action.inboxId}`;
  return text("en", `why.action.${action.code}` satisfies TextKey, { folder: action.folder ?? "…" });
};
