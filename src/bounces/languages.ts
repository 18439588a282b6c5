/**
 * How notices speak in each language (languages.json, keyed by BCP 47 tag): small words that tell it from others, how notices
 * are titled, how they say that a message failed and that it is only late. Data that people outside edit, so a broken pattern
 * names its language. All patterns ignore case.
 */
import data from "./languages.json" with { type: "json" };

type Language = { words: string; subjects: string[]; failed: string[]; delayed: string[] };

const languages: Record<string, Language> = data;

/** A fault of languages.json; the message names the language and what is wrong. */
export class LanguageError extends Error {}

type PatternList = "subjects" | "failed" | "delayed";

const checked = (language: string, list: PatternList, patterns: string[]): string => {
  const joined = patterns.join("|");
  try {
    if (!new RegExp(joined, "iu").test("")) return joined;
  } catch (error) {
    throw new LanguageError(`languages.json, ${language}, "${list}": ${(error as Error).message}`);
  }
  throw new LanguageError(`languages.json, ${language}, "${list}": it matches an empty text`);
};

/** One list of all languages as one alternation. Throws LanguageError. */
export const alternatives = (list: PatternList, of: Record<string, Language> = languages): string =>
  Object.entries(of)
    .map(([language, patterns]) => checked(language, list, patterns[list]))
    .join("|");

/** Which languages a small word belongs to. */
export const languagesByWord: ReadonlyMap<string, readonly string[]> = (() => {
  const byWord = new Map<string, string[]>();
  for (const [language, { words }] of Object.entries(languages))
    for (const word of words.split(" ").filter(Boolean)) byWord.set(word, [...(byWord.get(word) ?? []), language]);
  return byWord;
})();
