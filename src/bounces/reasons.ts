/** Why a delivery failed, from the server's reply: codes first, then its words, in one line per recipient. */
import { ownReply, readReply } from "./read-reply.ts";
import { type ReasonRule, reasonTable } from "./reason-table.ts";

/** `rule` is the code of the rule that decided, `heard` the words it heard, where it went by words. */
export type Reason = { reason: string; rule: string; heard?: string };

/** The SMTP command that was refused; "conn" before the first one. */
export type Command = "conn" | "helo" | "mail" | "rcpt" | "data";

const longestLine = 1000;

/** Words that look like host names and are Exchange's names for causes. */
const causeName = /^(?:resolver|queue|storedrv|smtpsend|smtprecv|routing|agents?|advqueue|transport|submission|recipnotfound)\./;
const hostName =
  /(?:[a-z0-9_-]{1,63}\.){2,}[a-z]{2,24}|[a-z0-9_-]{1,63}\.(?:com|net|org|edu|gov|info|biz|example|test|local|[a-z]{2})(?![a-z.])/g;
const blockList = /spamhaus|spamcop|barracudacentral|sorbs|uceprotect|njabl|abuseat|mailspike|surbl|uribl|dsbl\.org/;

/** How Exim ("after RCPT TO:"), Postfix ("in reply to"), dma ("did not like our") and qmail name the refused command. */
const commandWords =
  /(?:after|in reply to|like our|following) (?:end of |final |smtp )?(helo|ehlo|mail|rcpt|data|initial connection)\b|my (name) was rejected|(sender) was rejected|does not like (recipient)|(greeting) failed/i;

const commands: Record<string, Command> = {
  helo: "helo",
  ehlo: "helo",
  name: "helo",
  mail: "mail",
  sender: "mail",
  rcpt: "rcpt",
  recipient: "rcpt",
  data: "data",
  greeting: "conn",
  "initial connection": "conn",
};

/** The command a text says was refused, from its first 2,000 characters; null where it names none. */
export const refusedCommand = (text: string): Command | null => {
  const found = commandWords.exec(text.slice(0, 2000));
  const word = found?.slice(1).find((group) => group !== undefined) ?? "";
  return commands[word.toLowerCase()] ?? null;
};

/** What a sending server writes before the refusing server's own words. */
const transportWords =
  /^.{0,400}?(?:(?:host|server) \S{1,200} ?\[[^\]]{1,60}\](?::\d+)?(?: said)?:|remote host (?:\S{1,100} )?said:|other server returned was:|did not like our [a-z ]+:|responded as follows: \[|failed with:) ?(?=\d{3})/;

const anyAddress = /[^\s<>()[\]"',;:]{1,100}@[^\s<>()[\]"',;:]+/g;

/** The line the rules look at (reason-table.ts). */
const replyLine = (code: number | null, status: string | null, text: string, command: Command | null): string => {
  const lower = ownReply(text).slice(0, longestLine).toLowerCase().replace(/\s+/g, " ");
  const said = lower.replace(transportWords, "");
  const words = (said.includes("@") ? said.replace(anyAddress, "addr") : said)
    .replace(hostName, (name) => (causeName.test(name) ? name : blockList.test(name) ? "blocklist" : "host"))
    .replace(/[\s<>]+/g, " ");
  return `${code ?? "-"} ${status ?? "-"} ${command ? `@${command} ` : ""}${words.trim()}`;
};

/** The cause a heading of the prose gives for all recipients below it; null where none does. Looks at the first 2,000 characters. */
export const headingReason = (prose: string): Reason | null => {
  const lines = prose.slice(0, 2000).toLowerCase().split("\n");
  const said = reasonTable.headings.find(({ words }) => lines.some((line) => words?.test(line)));
  return said ? { reason: said.reason, rule: said.rule } : null;
};

const heardIn = (line: string, { words }: ReasonRule): { heard?: string } => {
  const heard = words?.exec(line)?.[0].trim();
  return heard ? { heard } : {};
};

const vague = (status: string | null): boolean => status === null || /\.0\.0$/.test(status);

/**
 * The reason of a failure. `status` is the reported code, `diagnostic` the server's own words, `command` the refused command
 * where another place than the diagnostic names it. A code in the reply beats a generic x.0.0 beside it.
 */
export const reasonOf = (status: string | null, diagnostic: string | null, command: Command | null = null): Reason => {
  const text = diagnostic ?? "";
  const reply = readReply(text);
  const code = vague(status) || (status?.endsWith(".0") && reply.status) ? (reply.status ?? status) : status;
  const tail = code?.slice(2) ?? "";
  const line = replyLine(reply.code, code, text, refusedCommand(text) ?? command);
  const heard = reasonTable.firmCodes.get(tail);
  const matches = ({ rule, status, reply: replies, words, unless }: ReasonRule): boolean =>
    (heard === undefined || heard.has(rule) || status.has(tail)) &&
    (status.has(tail) || (reply.code !== null && replies.has(reply.code)) || (words?.test(line) ?? false)) &&
    !unless?.test(line);
  const said = reasonTable.rules.find(matches);
  if (said) return { reason: said.reason, rule: said.rule, ...heardIn(line, said) };
  const coded = reasonTable.reasonByStatus.get(code ?? "") ?? reasonTable.reasonByStatus.get(tail);
  if (!coded && /recipient address rejected|address rejected/.test(line)) return { reason: "userunknown", rule: "recipient-rejected" };
  if (coded) return { reason: coded, rule: `status-${code}` };
  // Sisimai's vocabulary: "onhold" where something was said that nobody can place, "undefined" where nothing was.
  return text.trim() === "" ? { reason: "undefined", rule: "no-words" } : { reason: "onhold", rule: "no-rule" };
};
