import { parts, type Row, sentences } from "./pl/said.ts";
import type { Language } from "./text.ts";

/** A sentence, and the language it stands in. */
export type Said = { text: string; language: Language };

/** What is longer is mostly a server's own words, and stays as it is. */
const longest = 4000;

/**
 * What a trace, a match or a connector says, in the reader's language. It is written and stored in English; what we have no Polish
 * for stays so.
 */
export const said = (language: Language, sentence: string): Said => {
  const polish = language === "pl" && sentence.length <= longest ? inPolish(sentence, sentences) : null;
  return polish === null ? { text: sentence, language: "en" } : { text: polish, language: "pl" };
};

const partsAndSentences = [...parts, ...sentences];

const inPolish = (words: string, rows: readonly Row[]): string | null => {
  for (const [pattern, polish] of rows) {
    const found = pattern.exec(words);
    const whole = found && filled(polish, found);
    if (whole !== null) return whole;
  }
  return null;
};

/** Null where a part that is ours has no Polish: half a sentence is worse than English. */
const filled = (polish: string, found: RegExpExecArray): string | null => {
  let complete = true;
  const whole = polish.replace(/\$(\d)|\{(\d)\}/g, (_, kept?: string, ours?: string) => {
    const words = found[Number(kept ?? ours)] ?? "";
    if (ours === undefined || words === "") return words;
    const part = inPolish(words, partsAndSentences);
    complete &&= part !== null;
    return part ?? words;
  });
  return complete ? whole : null;
};
