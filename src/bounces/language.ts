/** The language of a notice's prose. */
import { firstValue } from "./envelope.ts";
import type { Notice } from "./notice.ts";

/** Small words that tell languages apart; Polish and the rest are told by words of their own. */
const smallWords: [string, RegExp][] = [
  ["en", /\b(?:the|your|was|could|this|following|not|has|been|message)\b/gi],
  ["de", /\b(?:die|der|nicht|konnte|werden|wurde|ihre|folgenden|nachricht)\b/gi],
  ["fr", /\b(?:le|les|votre|été|pas|pour|une|destinataires?|remis)\b/gi],
  ["es", /\b(?:el|los|su|mensaje|pudo|para|una|siguientes|correo)\b/gi],
  ["it", /\b(?:il|gli|messaggio|stato|non|per|una|destinatari|recapitato)\b/gi],
  ["pl", /\b(?:nie|wiadomo\S{1,4}|do|zosta\S{1,3}|adresat\S{0,3}|si\S|jest)\b/gi],
  ["pt", /\b(?:não|foi|mensagem|para|uma|seguintes|entregue)\b/gi],
  ["nl", /\b(?:het|niet|bericht|kan|worden|een|voor)\b/gi],
  ["sv", /\b(?:inte|meddelande\w*|och|till|kunde|levereras)\b/gi],
];

/** A BCP 47 tag from Content-Language, from the script, or from small words where three or more point one way; else null. */
export const detectLanguage = (notice: Notice): string | null => {
  const named = /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*/i.exec(firstValue(notice.fields, "content-language") ?? "")?.[0];
  if (named) return named;
  const head = notice.prose.slice(0, 1500);
  if (/[\u3040-\u30ff]/.test(head)) return "ja";
  if (/[\u0400-\u04ff]{3}/.test(head)) return "ru";
  if (/[\uac00-\ud7af]/.test(head)) return "ko";
  if (/[\u4e00-\u9fff]{2}/.test(head)) return "zh";
  let best: string | null = null;
  let most = 2;
  for (const [language, words] of smallWords) {
    const count = head.match(words)?.length ?? 0;
    if (count > most) [best, most] = [language, count];
  }
  return best;
};
