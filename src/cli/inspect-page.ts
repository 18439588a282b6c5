/** What `inspect` prints for people: what is this, whom does it concern, what is it about, why do we think so. */
import type { Kind, Original, RecipientOutcome, Report } from "../bounces/report.ts";

const kindWords: Record<Kind, string> = {
  failure: "a bounce: a message was not delivered",
  delay: "a bounce: a message is late, and the server keeps trying",
  mixed: "a bounce: a message failed for some recipients and is late for others",
  unread_notice: "no bounce that we can read: a machine's notice about a message, for a person to look at",
  held: "no bounce: a message is held until somebody releases it",
  delivery_receipt: "no bounce: a receipt that says the message went on",
  read_receipt: "no bounce: a receipt of what the reader did",
  abuse_report: "no bounce: a complaint about a message",
  tls_report: "no bounce: a report about encrypted connections",
  auto_reply: "no bounce: an automatic answer",
  forwarded_notice: "no bounce: a person passes on or quotes a notice",
  challenge: "no bounce: a request to prove to be a person",
  ordinary: "no bounce: an ordinary message",
};

const whatWords = (report: Report): string => {
  if (report.verdict === "unreadable") return "nothing we can read";
  const language = report.language ? `, in ${report.language}` : "";
  return `${kindWords[report.kind]} (${report.kind}), read as ${report.format}${language}`;
};

const recipientLines = (one: RecipientOutcome): string[] => {
  const codes = [one.status && `status ${one.status}`, one.smtpCode && `reply ${one.smtpCode}`, one.remoteMta && `by ${one.remoteMta}`];
  const type = one.type === "none" ? one.action.toUpperCase() : `${one.type.toUpperCase()} ${one.category ?? ""} (${one.reason ?? "-"})`;
  return [
    `${one.address}${one.originalAddress ? `, written to as ${one.originalAddress}` : ""}`,
    `  ${[type, ...codes.filter(Boolean)].join(", ")}`,
    ...(one.diagnostic ? [`  "${one.diagnostic.slice(0, 300)}"`] : []),
  ];
};

const aboutLines = ({ messageId, subject, from, to, date }: Original): string[] => [
  ...(subject === null ? [] : [`"${subject}"`]),
  ...(messageId === null ? [] : [messageId]),
  ...(from === null
    ? []
    : [`from ${from}${to.length > 0 ? ` to ${to.slice(0, 5).join(", ")}${to.length > 5 ? ` and ${to.length - 5} more` : ""}` : ""}`]),
  ...(date === null ? [] : [`of ${new Date(date).toISOString().replace("T", " ").slice(0, 16)} UTC`]),
];

/** Recipients on one page; the other formats have them all. */
const mostShown = 50;

const section = (title: string, lines: string[]): string[] =>
  lines.map((line, index) => `  ${(index === 0 ? title : "").padEnd(7)}${line}`);

/** One message's page; ends in a blank line. */
export const inspectPage = (file: string, report: Report): string => {
  const { recipients } = report;
  const more = recipients.length > mostShown ? [`and ${recipients.length - mostShown} more`] : [];
  return [
    file,
    ...section("What", [whatWords(report)]),
    ...section("Whom", [...recipients.slice(0, mostShown).flatMap(recipientLines), ...more]),
    ...section("About", aboutLines(report.original)),
    ...section(
      "Why",
      report.evidence.map(({ because }, index) => `${index + 1}. ${because}`),
    ),
    "",
  ].join("\n");
};
