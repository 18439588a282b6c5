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

/** What may go to an address, for each purpose in words. */
export const purposeText = (
  language: Language,
  health: AddressHealth | null,
  global: boolean,
  timeZone: string,
): { marketing: string; oneToOne: string } => {
  const out = health?.eligible === false;
  const values = {
    category: text(language, `category.${health?.reason ?? "other"}`),
    date: timeText(language, health?.since ?? 0, timeZone),
  };
  const marketing = out ? text(language, "marketing.leftOut", values) : text(language, global ? "marketing.global" : "marketing.allowed");
  return { marketing, oneToOne: text(language, out || global ? "oneToOne.warning" : "oneToOne.allowed") };
};
