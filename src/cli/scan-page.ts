/** What `scan` prints for people. */
import type { BouncedMessage, ScanResult, Untied } from "./scan.ts";

const dateWords = (at: number): string => (at === 0 ? "no date" : new Date(at).toISOString().slice(0, 10));

const messageLines = ({ messageId, subject, sentAt, recipients, bounced }: BouncedMessage): string[] => [
  `${dateWords(sentAt)}  "${subject ?? ""}"  ${messageId ?? ""}  ${bounced.length} of ${recipients} recipients`,
  ...bounced.flatMap(({ address, type, category, reason, diagnostic }) => [
    `  ${type.toUpperCase().padEnd(8)} ${address.padEnd(32)} ${category ?? ""} (${reason ?? "-"})`,
    ...(diagnostic ? [`           "${diagnostic.replace(/\s+/g, " ").slice(0, 120)}"`] : []),
  ]),
];

const untiedLine = ({ notice, address, reason, because }: Untied): string =>
  `  ${address.padEnd(32)} ${reason ?? "-"}  ${notice}: ${because}`;

/** The whole report: bounced messages by date, then what is tied to none, then the counts. */
export const scanPage = ({ counts, messages, untied }: ScanResult): string => {
  const more = counts.untied - untied.length;
  return [
    ...(messages.length === 0 ? ["No sent message bounced."] : messages.flatMap((message) => [...messageLines(message), ""])),
    ...(untied.length === 0
      ? []
      : ["Tied to no sent message:", ...untied.map(untiedLine), ...(more > 0 ? [`  and ${more} more`] : []), ""]),
    `${counts.sent} sent, ${counts.messages} messages read, ${counts.notices} notices: ${counts.hard} hard, ${counts.soft} soft, ${counts.pending} pending, ${counts.untied} not tied`,
  ].join("\n");
};

/** "[#####-----] 48 %  1204 messages, 12 notices": `part` from 0 to 1. */
export const progressBar = (part: number, messages: number, notices: number): string => {
  const done = Math.min(20, Math.floor(part * 20));
  return `[${"#".repeat(done)}${"-".repeat(20 - done)}] ${String(Math.floor(Math.min(part, 1) * 100)).padStart(3)} %  ${messages} messages, ${notices} notices`;
};
