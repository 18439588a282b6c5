/** The language of a notice's prose. */
import { firstValue } from "./envelope.ts";
import { languagesByWord } from "./languages.ts";
import type { Notice } from "./notice.ts";

/** The language most small words point to, if three or more do. A word of several languages counts for each a little less. */
const languageOfWords = (text: string): string | null => {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    const languages = languagesByWord.get(word);
    if (languages) for (const language of languages) counts.set(language, (counts.get(language) ?? 0) + 1.1 - 0.1 * languages.length);
  }
  let best: string | null = null;
  for (const [language, count] of counts) if (count > (counts.get(best ?? "") ?? 2)) best = language;
  return best;
};

/** Languages told by their script; of Cyrillic ones Ukrainian by its own letters. */
const languageOfScript = (text: string): string | null => {
  if (/[\u3040-\u30ff]/.test(text)) return "ja";
  if (/[\u0400-\u04ff]{3}/.test(text)) return /[іїєґ]/i.test(text) ? "uk" : "ru";
  if (/[\uac00-\ud7af]/.test(text)) return "ko";
  return /[\u4e00-\u9fff]{2}/.test(text) ? "zh" : null;
};

/** A BCP 47 tag from Content-Language, from the script, or from small words where three or more point one way; else null. */
export const detectLanguage = (notice: Notice): string | null => {
  const named = /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*/i.exec(firstValue(notice.fields, "content-language") ?? "")?.[0];
  if (named) return named;
  const head = notice.prose.slice(0, 800);
  return languageOfScript(head) ?? languageOfWords(head);
};
