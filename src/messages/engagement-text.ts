import type { Category } from "../bounces/report.ts";
import type { State } from "../timeline/fold.ts";
import { type ActionCode, recommend } from "../timeline/recommend.ts";
import { type Language, text, timeText } from "./text.ts";

/** What is said about a bounce: its title, what it means, what to do. */
export type EngagementText = { language: Language; title: string; meaning: string; actions: { code: ActionCode; text: string }[] };

export type Spoken = { state: State; category: Category | null; reason: string | null; address: string; pendingUntil: number | null };

/** Words for one bounce, for one-to-one mail. */
export const engagementText = (language: Language, bounce: Spoken, timeZone = "UTC"): EngagementText => {
  const category = text(language, `category.${bounce.category ?? "other"}`);
  const values = {
    category,
    address: bounce.address,
    time: bounce.pendingUntil === null ? "…" : timeText(language, bounce.pendingUntil, timeZone),
  };
  return {
    language,
    title: text(language, `title.${bounce.state}`, values),
    meaning: text(language, `meaning.${bounce.state}`, values),
    actions: recommend(bounce.state, bounce.category, bounce.reason).map((code) => ({
      code,
      text: text(language, `action.${code}`, values),
    })),
  };
};
