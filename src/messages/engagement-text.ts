import type { Category } from "../bounces/report.ts";
import type { State } from "../timeline/fold.ts";
import { type ActionCode, type Purpose, recommend } from "../timeline/recommend.ts";
import { type Language, text, timeText } from "./text.ts";

/** What is said about a bounce: its title, what it means, what is likely behind it, what to do. */
export type EngagementText = {
  language: Language;
  title: string;
  meaning: string;
  /** Where there is a sign for a cause that the server's words do not tell. */
  likelyCause: string | null;
  actions: { code: ActionCode; text: string }[];
  /** For the sender's IT team, where that is what to do: ready to be sent. */
  letter: { subject: string; body: string } | null;
};

export type Spoken = {
  state: State;
  category: Category | null;
  reason: string | null;
  pendingUntil: number | null;
  occurredAt: number;
  /** The address answered a letter of this account, before or after the bounce. */
  hasReplied: boolean;
  /** Three or more people at its domain failed like it within a week. */
  failsAlike: boolean;
  recipient: { address: string };
  sentMessage: { kind: Purpose; from: string | null };
  server: { diagnostic: string | null; remoteMta: string | null; reportingMta: string | null } | null;
};

/** Words for one bounce. */
export const engagementText = (language: Language, bounce: Spoken, timeZone = "UTC"): EngagementText => {
  const category = text(language, `category.${bounce.category ?? "other"}`);
  const values = {
    category,
    address: bounce.recipient.address,
    time: bounce.pendingUntil === null ? "…" : timeText(language, bounce.pendingUntil, timeZone),
  };
  const actions = recommend(bounce.state, bounce.category, bounce.reason, bounce.sentMessage.kind);
  return {
    language,
    title: text(language, `title.${bounce.state}`, values),
    meaning: text(language, `meaning.${bounce.state}`, values),
    likelyCause: likelyCause(language, bounce),
    actions: actions.map((code) => ({ code, text: text(language, `action.${code}`, values) })),
    letter: actions.includes("letter_to_it") ? letterToIt(language, bounce) : null,
  };
};

const likelyCause = (language: Language, { state, hasReplied, failsAlike, recipient }: Spoken): string | null => {
  if (state !== "hard") return null;
  if (hasReplied) return text(language, "likely.replied_before");
  return failsAlike
    ? text(language, "likely.domain_alike", { domain: recipient.address.slice(recipient.address.lastIndexOf("@") + 1) })
    : null;
};

const letterToIt = (language: Language, { sentMessage, recipient, server, occurredAt }: Spoken): { subject: string; body: string } => {
  const from = sentMessage.from ?? "?";
  const values = {
    from,
    domain: from.slice(from.lastIndexOf("@") + 1),
    address: recipient.address,
    server: server?.remoteMta ?? server?.reportingMta ?? "?",
    diagnostic: server?.diagnostic ?? "?",
    time: timeText(language, occurredAt),
  };
  return { subject: text(language, "letter.subject", values), body: text(language, "letter.body", values) };
};
