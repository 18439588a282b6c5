import type { Inbox } from "../store/inboxes.ts";
import { isTextKey, type Language, text, timeText } from "./text.ts";

/** What an inbox's state means and what its owner can do about it; no action where there is none. */
export const inboxText = (
  language: Language,
  inbox: Inbox,
  provider: string,
  now: number,
  timeZone = "UTC",
): { meaning: string; action: string | null } => {
  const time = (at: number | null): string => (at === null ? "…" : timeText(language, at, timeZone));
  const detail = inbox.stateDetail as { error?: string; until?: number; by?: string } | null;
  const button = `button.${inbox.state}`;
  const values = {
    provider,
    host: (inbox.settings as { host?: string } | null)?.host ?? provider,
    ago: agoText(language, now - (inbox.lastPollAt ?? now)),
    time: time(inbox.state === "waiting" ? (detail?.until ?? null) : inbox.state === "watching" ? inbox.lastMailAt : inbox.stateSince),
    who: detail?.by ?? "…",
    date: time(inbox.stateSince),
    days: Math.round((now - inbox.since) / 86_400_000),
    n: inbox.progress?.done ?? 0,
    m: inbox.progress?.total ?? "…",
  };
  const meaning = text(language, `state.${inbox.state}`, values);
  return { meaning: detail?.error ? `${meaning} ${detail.error}` : meaning, action: isTextKey(button) ? text(language, button) : null };
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
