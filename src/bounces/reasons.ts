/** Why a delivery failed, from the server's reply: codes first, then its words, in one pass over one line per recipient. */
import { ownReply, readReply } from "./read-reply.ts";
import { reasonByStatus, reasonRules } from "./reason-rules.ts";

/** `rule` is the code of the rule that decided. */
export type Reason = { reason: string; rule: string };

const longestLine = 1000;

/** Words that look like host names and are Exchange's names for causes. */
const causeName = /^(?:resolver|queue|storedrv|smtpsend|smtprecv|routing|agents?|advqueue|transport|submission|recipnotfound)\./;
const hostName =
  /(?:[a-z0-9_-]{1,63}\.){2,}[a-z]{2,24}|[a-z0-9_-]{1,63}\.(?:com|net|org|edu|gov|info|biz|example|test|local|[a-z]{2})(?![a-z.])/g;
const blockList = /spamhaus|spamcop|barracudacentral|sorbs|uceprotect|njabl|abuseat|mailspike|surbl|uribl/;

/** The command a server refused, as Exim ("after RCPT TO:"), Postfix ("in reply to") and dma ("did not like our") name it. */
const refusedCommand = /(?:after|in reply to|like our) (?:end of )?(mail|rcpt|data)\b/;

/** What a sending server writes before the refusing server's own words. */
const transportWords =
  /^.{0,400}?(?:(?:host|server) \S{1,200} ?\[[^\]]{1,60}\](?::\d+)?(?: said)?:|remote host (?:\S{1,100} )?said:|other server returned was:|did not like our [a-z ]+:) (?=\d{3})/;

const anyAddress = /[^\s<>()[\]"',;:]{1,100}@[^\s<>()[\]"',;:]+/g;

/** The line the rules look at: `code enhanced-code text`, lower case, without addresses and host names. */
const replyLine = (code: number | null, status: string | null, text: string): string => {
  const lower = ownReply(text).slice(0, longestLine).toLowerCase().replace(/\s+/g, " ");
  const command = refusedCommand.exec(lower)?.[1];
  const said = lower.replace(transportWords, "");
  const words = (said.includes("@") ? said.replace(anyAddress, "addr") : said)
    .replace(hostName, (name) => (causeName.test(name) ? name : blockList.test(name) ? "blocklist" : "host"))
    .replace(/[\s<>]+/g, " ");
  return `${code ?? "-"} ${status ?? "-"} ${command ? `@${command} ` : ""}${words.trim()}`;
};

/** Codes that mean one thing: with them only words of these rules are heard. */
const firmCodes = new Map<string, Set<string>>([
  [
    "1.1",
    new Set([
      "local-program",
      "user-unknown",
      "mailbox-full",
      "relaying-denied",
      "blocklisted",
      "address-moved",
      "host-unknown",
      "too-fast",
      "dmarc-policy",
    ]),
  ],
  ["1.2", new Set(["host-unknown", "accepts-no-mail", "dns-trouble"])],
  ["4.4", new Set(["host-unknown", "accepts-no-mail", "dns-trouble"])],
  ["2.2", new Set(["mailbox-full"])],
]);

const fromWords = (line: string, heard: Set<string> | undefined): Reason | null => {
  for (const { rule, reason, words, unless } of reasonRules) {
    if (heard && !heard.has(rule)) continue;
    if (words.test(line) && !unless?.test(line)) return { reason, rule };
  }
  return null;
};

const vague = (status: string | null): boolean => status === null || /\.0\.0$/.test(status);

/**
 * The reason of a failure. `status` is the reported code, `diagnostic` the server's own words. A code in the reply beats a
 * generic x.0.0 beside it.
 */
export const reasonOf = (status: string | null, diagnostic: string | null): Reason => {
  const reply = readReply(diagnostic ?? "");
  const code = vague(status) || (status?.endsWith(".0") && reply.status) ? (reply.status ?? status) : status;
  const tail = code?.slice(2) ?? "";
  const line = replyLine(reply.code, code, diagnostic ?? "");
  const said = fromWords(line, firmCodes.get(tail));
  if (said) return said;
  const coded = reasonByStatus.get(tail);
  if (!coded && /recipient address rejected|address rejected/.test(line)) return { reason: "userunknown", rule: "recipient-rejected" };
  if (coded) return { reason: coded, rule: `status-${code}` };
  return { reason: "undefined", rule: "no-rule" };
};
