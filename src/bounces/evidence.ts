/** The steps to a verdict, in words a support person reads: which sign, in which part, which line, which rule. */
import { firstValue } from "./envelope.ts";
import { machineSignFields, machineSignWords } from "./machine-signs.ts";
import type { Notice } from "./notice.ts";
import { decodeWords } from "./part-text.ts";
import type { Judged } from "./recipients.ts";
import type { Evidence, Original, RecipientOutcome } from "./report.ts";

const shortened = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)}…` : text);

/** "From: Mail Delivery System <MAILER-DAEMON@mx.example>" as the field stands there. */
const fieldWords = (notice: Notice, name: string): string => {
  const value = firstValue(notice.fields, name);
  if (value === null) return "";
  const title = name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
  return ` ${title}: ${shortened(decodeWords(value.slice(0, 400)), 120)}`;
};

/** The header's signs of a machine, each with its field. */
export const signEvidence = (notice: Notice): Evidence[] =>
  notice.signs.map((sign) => ({ step: sign, because: `${machineSignWords[sign]}${fieldWords(notice, machineSignFields[sign])}` }));

export const wrappedEvidence: Evidence = {
  step: "wrapped_report",
  because: "It reports nothing itself, but passes on another server's report.",
};

/** How lasting, and why. */
const typeWords = ({ type, status, smtpCode }: RecipientOutcome): string => {
  const code = status ?? smtpCode;
  if (type === "hard") return `hard, because ${code ?? "what it says"} is permanent`;
  if (type === "soft") return `soft, because ${code === null ? "what it says" : `${code} with these words`} is temporary`;
  return type === "pending" ? "pending, because the server keeps trying" : "nothing failed";
};

const reasonWords = ({ reason, rule, category }: RecipientOutcome, heard: string | null): string => {
  if (!reason) return "";
  return `reason ${reason} by rule ${rule}${heard ? `, which heard "${shortened(heard, 100)}"` : ""}, so ${category}; `;
};

/** What was decided about one recipient, and by what. */
export const recipientEvidence = ({ outcome, where, heard }: Judged): Evidence => ({
  step: "recipient",
  because: `${outcome.address}${where ? `, named in ${where}` : ""}: ${outcome.action}; ${reasonWords(outcome, heard)}${typeWords(outcome)}.`,
});

/** Says that a report names more recipients than are read. */
export const limitEvidence = (count: number, limit: number): Evidence[] =>
  count > limit ? [{ step: "recipients", because: `It names ${count} recipients; the first ${limit} are read.` }] : [];

/** Where the original's id was found. */
export const originalEvidence = ({ messageId, foundIn }: Original): Evidence[] =>
  messageId
    ? [
        {
          step: "original",
          because: `The original's Message-ID ${messageId} stands in the ${foundIn === "text" ? "text" : `part ${foundIn}`}.`,
        },
      ]
    : [];

/** "line 3 of the text" of a place in it. */
export const lineAt = (text: string, at: number): string => `line ${text.slice(0, at).split("\n").length} of the text`;
