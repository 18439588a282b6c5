import type { AddressHealth } from "../timeline/address-health.ts";
import { type Language, text, timeText } from "./text.ts";

/** Whether mail can go to an address, in words. */
export const addressText = (language: Language, health: AddressHealth | null): string => {
  if (!health) return text(language, "address.unknown");
  if (!health.eligible) {
    const category = text(language, `category.${health.reason ?? "other"}`);
    return text(language, "address.ineligible", { category, date: timeText(language, health.since ?? 0) });
  }
  const { unbounced } = health;
  if (unbounced) return text(language, "address.unbounced", { who: unbounced.by, date: timeText(language, unbounced.at) });
  return text(language, "address.eligible");
};

/** What is said of an address that only the global rule leaves out. */
export const globalText = (language: Language): string => text(language, "address.global");
