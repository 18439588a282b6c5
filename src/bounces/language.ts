/** The language of a notice's prose. */
import { firstValue } from "./envelope.ts";
import type { Notice } from "./notice.ts";

/** Small words that tell languages apart. */
const smallWords: Record<string, string> = {
  en: "the your was could this following not has been message",
  de: "die der nicht konnte werden wurde ihre folgenden nachricht",
  fr: "le les votre été pas pour une destinataire destinataires remis",
  es: "el los su mensaje pudo para una siguientes correo",
  it: "il gli messaggio stato non per una destinatari recapitato",
  pl: "nie wiadomość wiadomości do została zostać adresat się jest",
  pt: "não foi mensagem para uma seguintes entregue",
  nl: "het niet bericht kan worden een voor",
  sv: "inte meddelande meddelandet och till kunde levereras",
};

const languagesByWord = new Map<string, string[]>();
for (const [language, words] of Object.entries(smallWords))
  for (const word of words.split(" ")) languagesByWord.set(word, [...(languagesByWord.get(word) ?? []), language]);

/** The language most small words point to, if three or more do. */
const languageOfWords = (text: string): string | null => {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().split(/[^\p{L}]+/u))
    for (const language of languagesByWord.get(word) ?? []) counts.set(language, (counts.get(language) ?? 0) + 1);
  const [best] = [...counts].sort(([, one], [, other]) => other - one);
  return best && best[1] > 2 ? best[0] : null;
};

/** A BCP 47 tag from Content-Language, from the script, or from small words where three or more point one way; else null. */
export const detectLanguage = (notice: Notice): string | null => {
  const named = /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*/i.exec(firstValue(notice.fields, "content-language") ?? "")?.[0];
  if (named) return named;
  const head = notice.prose.slice(0, 800);
  if (/[\u3040-\u30ff]/.test(head)) return "ja";
  if (/[\u0400-\u04ff]{3}/.test(head)) return "ru";
  if (/[\uac00-\ud7af]/.test(head)) return "ko";
  if (/[\u4e00-\u9fff]{2}/.test(head)) return "zh";
  return languageOfWords(head);
};
