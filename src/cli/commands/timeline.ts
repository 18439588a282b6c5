import { Command } from "commander";
import { engagementText } from "../../messages/engagement-text.ts";
import { text, timeText } from "../../messages/text.ts";
import { findContactByAddress, getContact, listContacts } from "../../store/contacts.ts";
import { type Engagement, listEngagements } from "../../store/engagements.ts";
import { CliError } from "../exit-code.ts";
import type { House } from "../house.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const timelineCommand = (): Command =>
  new Command("timeline")
    .description("a contact's bounces, newest first; without a contact, the account's")
    .argument("[contact]", "an id, an externalId or an address")
    .option("--limit <n>", "at most so many", "50")
    .action((contact: string | undefined, options: { limit: string }, command: Command) =>
      withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const limit = Number(options.limit) || 50;
        const only = contact === undefined ? undefined : await contactId(house, account.id, contact);
        const { data } = await listEngagements(house.database.read, account.id, { limit, contactId: only });
        print(command, data, data.length === 0 ? "No bounces." : data.flatMap((bounce) => [...timelineLines(bounce), ""]));
      }),
    );

const contactId = async (house: House, accountId: string, contact: string): Promise<string> => {
  const { read } = house.database;
  const found =
    (await getContact(read, accountId, contact)) ??
    (await listContacts(read, accountId, { externalId: contact })).data[0] ??
    (await findContactByAddress(read, accountId, contact));
  if (!found) throw new CliError("notFound", `There is no contact ${contact} in this account.`);
  return found.id;
};

/** One bounce in lines for people: state, address, cause, the server's words, how it was tied, what to do. */
export const timelineLines = (bounce: Engagement): string[] => {
  const said = engagementText("en", bounce);
  const cause = said.title.split(": ").slice(1).join(": ") || said.title;
  const note =
    bounce.state === "pending" && bounce.pendingUntil !== null
      ? `the mail server keeps trying; soft on ${timeText("en", bounce.pendingUntil)}`
      : (bounce.server?.diagnostic ?? "");
  return [
    `  ${bounce.state.toUpperCase().padEnd(9)} ${bounce.recipient.address.padEnd(28)} ${cause.padEnd(16)}  ${shorten(note, 90)}`,
    `            "${bounce.sentMessage.subject ?? ""}"${bounce.sentMessage.from ? ` from ${bounce.sentMessage.from}` : ""} · matched by ${bounce.match ? text("en", `rule.${bounce.match.rule}`) : "hand"}`,
    ...(bounce.recipient.relation === "same"
      ? []
      : [`            ${bounce.recipient.reportedAddress} failed, behind the address that was written to`]),
    ...said.actions.map((action) => `            → ${action.text}`),
  ];
};

const shorten = (words: string, length: number): string => {
  const line = words.replace(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
};
