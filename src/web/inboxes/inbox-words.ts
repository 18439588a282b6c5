import { stateText } from "../../messages/inbox-text.ts";
import { isTextKey } from "../../messages/text.ts";
import type { Inbox } from "../../store/inboxes.ts";
import type { ConnectDeps } from "../../sync/connect-inbox.ts";
import { type Html, html } from "../page/html.ts";
import type { View } from "../page/view.ts";

/** A sign beside the colour, so that a state can be told without it. */
const signs: Record<Inbox["state"], { sign: string; tone: "well" | "busy" | "wrong" | "still" }> = {
  connecting: { sign: "…", tone: "busy" },
  needs_admin: { sign: "!", tone: "wrong" },
  missing_permission: { sign: "!", tone: "wrong" },
  first_sync: { sign: "↻", tone: "busy" },
  watching: { sign: "✓", tone: "well" },
  waiting: { sign: "…", tone: "busy" },
  unreachable: { sign: "!", tone: "wrong" },
  reconnect_needed: { sign: "!", tone: "wrong" },
  paused: { sign: "‖", tone: "still" },
  disconnected: { sign: "–", tone: "still" },
  erased: { sign: "–", tone: "still" },
};

/** The state in words, and what a server or a connector said. */
export const stateLine = (view: View, inbox: Inbox, label: string): Html => {
  const { sign, tone } = signs[inbox.state];
  const { meaning, said } = stateText(view.language, inbox, label, view.now, view.timeZone);
  return html`<span class="state-sign ${tone}" aria-hidden="true">${sign}</span> ${meaning}${said && html` <span lang="${said.language}">${said.text}</span>`}`;
};

/** What a provider is called. */
export const providerLabel = async (view: View, { loadConnector }: ConnectDeps, provider: string): Promise<string> => {
  const key = `provider.${provider}`;
  return isTextKey(key) ? view.t(key) : ((await loadConnector(provider))?.describe.label ?? provider);
};

export const ownerName = ({ owner }: Inbox): string => (owner as { name?: string | null } | null)?.name ?? "–";

/** From when on its mail is read; without a bound, from the mailbox's beginning. */
export const sinceWhen = (view: View, { since }: Inbox): string => (since === 0 ? view.t("inbox.sinceAll") : view.time(since));

/** How much longer ago than planned mail was last looked for; null where none is looked for. */
export const lagOf = ({ state, stateSince, nextPollAt }: Inbox, now: number): number | null => {
  if (state === "waiting" || state === "unreachable" || state === "reconnect_needed") return now - stateSince;
  return nextPollAt === null ? null : Math.max(0, now - nextPollAt);
};

/** A lag in words, in the largest unit that fits; what is less than a minute is none. */
export const lagText = (view: View, inbox: Inbox): string => {
  const minutes = Math.floor((lagOf(inbox, view.now) ?? Number.NaN) / 60_000);
  if (Number.isNaN(minutes)) return "–";
  if (minutes === 0) return view.t("inboxes.noLag");
  if (minutes < 120) return inUnit(view, minutes, "minute");
  return minutes < 2880 ? inUnit(view, Math.floor(minutes / 60), "hour") : inUnit(view, Math.floor(minutes / 1440), "day");
};

const inUnit = ({ language }: View, n: number, unit: string): string =>
  new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(n);
