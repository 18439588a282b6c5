import type { Category } from "../bounces/report.ts";
import type { State } from "./fold.ts";

/** What a person can do about a bounce; the sentences are in src/messages under `action.<code>`. */
export type ActionCode =
  | "correct_address"
  | "reach_another_way"
  | "change_content"
  | "send_link"
  | "check_file"
  | "ask_to_allow"
  | "send_later"
  | "ask_to_allow_and_send_later"
  | "letter_to_it"
  | "wait";

const byCategory: Record<Category, { hard: ActionCode[]; soft: ActionCode[] }> = {
  unknown_user: { hard: ["correct_address"], soft: ["correct_address"] },
  mailbox_full: { hard: ["reach_another_way"], soft: ["send_later"] },
  content: { hard: ["change_content"], soft: ["change_content"] },
  spam: { hard: ["ask_to_allow"], soft: ["ask_to_allow_and_send_later"] },
  policy: { hard: ["ask_to_allow"], soft: ["ask_to_allow_and_send_later"] },
  other: { hard: ["ask_to_allow"], soft: ["send_later"] },
  recipient_temporary: { hard: ["send_later"], soft: ["send_later"] },
  security_filter: { hard: ["ask_to_allow_and_send_later"], soft: ["ask_to_allow_and_send_later"] },
  dmarc_unauthorized: { hard: ["letter_to_it"], soft: ["letter_to_it"] },
  temporary_technical: { hard: ["send_later"], soft: ["send_later"] },
};

const byReason = new Map<string, ActionCode[]>([
  ["mesgtoobig", ["send_link"]],
  ["exceedlimit", ["send_link"]],
  ["virusdetected", ["check_file"]],
]);

/** What to do about a one-to-one message that bounced, most useful first. Empty where nothing is to be done. */
export const recommend = (state: State, category: Category | null, reason: string | null): ActionCode[] => {
  if (state === "delivered" || state === "retracted") return [];
  if (state === "pending") return ["wait"];
  return byReason.get(reason ?? "") ?? byCategory[category ?? "other"][state];
};
