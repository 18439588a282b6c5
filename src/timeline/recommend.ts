import type { Category } from "../bounces/report.ts";
import type { State } from "./fold.ts";

/** One person's letter to another, or one of many sent at once: what helps differs. */
export type Purpose = "one_to_one" | "marketing";

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
  | "left_out_correct_address"
  | "left_out"
  | "change_content_allow_ips"
  | "ask_to_allow_ips"
  | "clone_and_send_later"
  | "ask_to_allow_ips_and_clone"
  | "wait";

type Actions = Record<Category, { hard: ActionCode[]; soft: ActionCode[] }>;

const oneToOne: Actions = {
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

/** Marketing leaves from servers of its sender, so it asks to allow their IP addresses, and what bounced hard is left out already. */
const marketing: Actions = {
  unknown_user: { hard: ["left_out_correct_address"], soft: ["left_out_correct_address"] },
  mailbox_full: { hard: ["left_out"], soft: ["clone_and_send_later"] },
  content: { hard: ["change_content_allow_ips"], soft: ["change_content_allow_ips"] },
  spam: { hard: ["ask_to_allow_ips"], soft: ["ask_to_allow_ips_and_clone"] },
  policy: { hard: ["ask_to_allow_ips"], soft: ["ask_to_allow_ips_and_clone"] },
  other: { hard: ["ask_to_allow_ips"], soft: ["clone_and_send_later"] },
  recipient_temporary: { hard: ["clone_and_send_later"], soft: ["clone_and_send_later"] },
  security_filter: { hard: ["ask_to_allow_ips_and_clone"], soft: ["ask_to_allow_ips_and_clone"] },
  dmarc_unauthorized: { hard: ["letter_to_it"], soft: ["letter_to_it"] },
  temporary_technical: { hard: ["clone_and_send_later"], soft: ["clone_and_send_later"] },
};

const byReason = new Map<string, ActionCode[]>([
  ["mesgtoobig", ["send_link"]],
  ["exceedlimit", ["send_link"]],
  ["virusdetected", ["check_file"]],
]);

/** What to do about a message that bounced, most useful first. Empty where nothing is to be done. */
export const recommend = (state: State, category: Category | null, reason: string | null, purpose: Purpose): ActionCode[] => {
  if (state === "delivered" || state === "retracted") return [];
  if (state === "pending") return ["wait"];
  const table = purpose === "marketing" ? marketing : oneToOne;
  return byReason.get(reason ?? "") ?? table[category ?? "other"][state];
};
