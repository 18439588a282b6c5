import { en } from "./en.ts";
import { pl } from "./pl.ts";

export type TextKey = keyof typeof en;
export type Language = "en" | "pl";

const catalogues: Record<Language, Record<TextKey, string>> = { en, pl };

/** True where there is a sentence of that name. */
export const isTextKey = (key: string): key is TextKey => Object.hasOwn(en, key);

/** The sentence of a key in a language, its {names} filled in. A name without a value shows as an ellipsis. */
export const text = (language: Language, key: TextKey, values: Readonly<Record<string, string | number>> = {}): string =>
  catalogues[language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "…"));

/** The best language we have for a `?language=` value or an Accept-Language header (RFC 9110, section 12.5.4). English otherwise. */
export const pickLanguage = (...wishes: (string | undefined)[]): Language => {
  for (const wish of wishes) {
    const ranked = (wish ?? "")
      .split(",")
      .map((range) => {
        const [tag = "", ...parameters] = range.trim().toLowerCase().split(";");
        const q = parameters.map((p) => /^\s*q=([\d.]+)/.exec(p)?.[1]).find((v) => v !== undefined);
        return { tag: tag.trim().split("-")[0], q: q === undefined ? 1 : Number(q) };
      })
      .filter(({ tag, q }) => (tag === "en" || tag === "pl") && q > 0)
      .sort((a, b) => b.q - a.q);
    if (ranked[0]) return ranked[0].tag as Language;
  }
  return "en";
};

/** A time for people: day, month, year and minute in a zone. */
export const timeText = (language: Language, at: number, timeZone = "UTC"): string =>
  new Intl.DateTimeFormat(language === "pl" ? "pl-PL" : "en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone,
  }).format(at);
