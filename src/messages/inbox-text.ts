import type { Inbox } from "../store/inboxes.ts";
import { type Said, said } from "./said.ts";
import { isTextKey, type Language, type TextKey, text, timeText } from "./text.ts";

/** What an inbox's state means, the server's or our own words on what failed, and what its owner can do about it. */
export type StateText = { meaning: string; said: Said | null; action: string | null };

/** A state in words. */
export const stateText = (language: Language, inbox: Inbox, provider: string, now: number, timeZone = "UTC"): StateText => {
  const time = (at: number | null): string => (at === null ? "…" : timeText(language, at, timeZone));
  const numbers = new Intl.NumberFormat(language === "pl" ? "pl-PL" : "en-GB");
  const detail = inbox.stateDetail as { error?: string; until?: number; by?: string } | null;
  const button = `button.${inbox.state}`;
  const total = inbox.progress?.total ?? null;
  const values = {
    provider,
    host: (inbox.settings as { host?: string } | null)?.host ?? provider,
    ago: agoText(language, now - (inbox.lastPollAt ?? now)),
    time: time(inbox.state === "waiting" ? (detail?.until ?? null) : inbox.state === "watching" ? inbox.lastMailAt : inbox.stateSince),
    who: whoText(language, detail?.by),
    date: time(inbox.stateSince),
    days: Math.round((now - inbox.since) / 86_400_000),
    n: numbers.format(inbox.progress?.done ?? 0),
    m: total === null ? "…" : numbers.format(total),
  };
  return {
    meaning: text(language, sentenceOf(inbox), values),
    said: detail?.error ? said(language, detail.error) : null,
    action: isTextKey(button) ? text(language, button) : null,
  };
};

/** The same in one sentence and the action; no action where there is none. */
export const inboxText = (...asked: Parameters<typeof stateText>): { meaning: string; action: string | null } => {
  const { meaning, said: words, action } = stateText(...asked);
  return { meaning: words ? `${meaning} ${words.text}` : meaning, action };
};

/** What was not counted or seen yet is not spoken of. */
const sentenceOf = ({ state, progress, lastMailAt, since }: Inbox): TextKey => {
  if (state === "first_sync" && progress === null) return since === 0 ? "state.firstSyncBeginsAll" : "state.firstSyncBegins";
  if (state === "first_sync" && progress?.total === null) return since === 0 ? "state.firstSyncCountsAll" : "state.firstSyncCounts";
  if (state === "first_sync" && since === 0) return "state.firstSyncAll";
  if (state === "watching" && lastMailAt === null) return "state.watchingNoMail";
  return `state.${state}`;
};

/** People by their names; those who have none as what they are. */
const whoText = (language: Language, by: string | undefined): string => {
  if (by === "the operator") return text(language, "who.operator");
  return by === "the CRM" ? text(language, "who.crm") : (by ?? "…");
};

/** How long ago, in the largest unit that fits. */
const agoText = (language: Language, ms: number): string => {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return relative.format(-seconds, "second");
  if (seconds < 3600) return relative.format(-Math.round(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.round(seconds / 3600), "hour");
  return relative.format(-Math.round(seconds / 86_400), "day");
};
