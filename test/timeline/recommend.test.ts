import { describe, expect, it } from "vitest";
import { recommend } from "../../src/timeline/recommend.ts";

describe("what to do about a bounce", () => {
  it.each([
    ["hard", "unknown_user", "userunknown", ["correct_address"]],
    ["hard", "mailbox_full", "mailboxfull", ["reach_another_way"]],
    ["soft", "mailbox_full", "mailboxfull", ["send_later"]],
    ["hard", "content", "mesgtoobig", ["send_link"]],
    ["hard", "content", "virusdetected", ["check_file"]],
    ["hard", "content", "contenterror", ["change_content"]],
    ["hard", "spam", "spamdetected", ["ask_to_allow"]],
    ["soft", "security_filter", "greylisting", ["ask_to_allow_and_send_later"]],
    ["soft", "dmarc_unauthorized", "authfailure", ["letter_to_it"]],
    ["soft", "temporary_technical", "expired", ["send_later"]],
    ["pending", "temporary_technical", "networkerror", ["wait"]],
    ["delivered", "temporary_technical", null, []],
    ["retracted", "unknown_user", null, []],
    ["hard", null, null, ["ask_to_allow"]],
  ] as const)("%s, %s, %s", (state, category, reason, actions) => {
    expect(recommend(state, category, reason, "one_to_one")).toEqual(actions);
  });

  it.each([
    ["hard", "unknown_user", "userunknown", ["left_out_correct_address"]],
    ["hard", "mailbox_full", "mailboxfull", ["left_out"]],
    ["soft", "mailbox_full", "mailboxfull", ["clone_and_send_later"]],
    ["hard", "content", "contenterror", ["change_content_allow_ips"]],
    ["hard", "content", "mesgtoobig", ["send_link"]],
    ["hard", "spam", "spamdetected", ["ask_to_allow_ips"]],
    ["soft", "security_filter", "greylisting", ["ask_to_allow_ips_and_clone"]],
    ["soft", "recipient_temporary", "suspend", ["clone_and_send_later"]],
    ["soft", "dmarc_unauthorized", "authfailure", ["letter_to_it"]],
    ["pending", "temporary_technical", "networkerror", ["wait"]],
  ] as const)("marketing: %s, %s, %s", (state, category, reason, actions) => {
    expect(recommend(state, category, reason, "marketing")).toEqual(actions);
  });
});
