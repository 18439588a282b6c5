/** What stands before a subject when mail is answered, passed on, or comes back, in many languages (compared in lower case). */
const prefixes = [
  // Answers and forwards.
  ...["re", "aw", "antw", "antwort", "sv", "vs", "odp", "ynt", "rif", "r", "res", "ref", "réf", "ответ", "回复", "回覆", "返信", "답장"],
  ...["fw", "fwd", "wg", "vb", "pd", "tr", "doorst", "i", "enc", "ilt", "переслано", "转发", "轉寄", "転送", "전달"],
  // Notices. Exchange and Microsoft 365 put one of these before the original subject.
  ...["undeliverable", "undelivered", "not delivered", "delivery failure", "delivery delayed", "returned mail", "rejected"],
  ...["unzustellbar", "nicht zustellbar", "übermittlung verzögert", "zurückgewiesen"],
  ...["non remis", "non distribuable", "remise retardée", "no se puede entregar", "no entregado", "entrega retrasada"],
  ...["não é possível entregar", "não entregue", "non recapitabile", "recapito ritardato", "onbestelbaar", "bezorging vertraagd"],
  ...["niedostarczalne", "nie można dostarczyć", "nie dostarczono", "opóźnione dostarczenie"],
  ...["olevererbart", "kunde inte levereras", "ikke leveret", "kan ikke leveres", "ulevert", "toimittamaton", "ei voitu toimittaa"],
  ...["nedoručitelné", "teslim edilemedi", "недоставлено", "не доставлено", "неможливо доставити"],
  ...["配信不能", "未送达", "无法投递", "無法傳遞", "전달할 수 없음"],
];

const prefix = new RegExp(
  `^(?:${prefixes.map((word) => word.replace(/[.*+?^$()|[\]\\]/g, "\\$&")).join("|")})(?:\\[\\d{1,3}\\])? ?[:：] ?`,
  "u",
);

/** More prefixes than people and servers put there. */
const mostPrefixes = 12;

/** A subject without what answering, passing on and returning put before it, in lower case, white space as one blank. */
export const bareSubject = (subject: string | null): string => {
  let bare = (subject ?? "").slice(0, 2000).normalize("NFC").toLowerCase().replace(/\s+/g, " ").trim();
  for (let stripped = 0; stripped < mostPrefixes && prefix.test(bare); stripped += 1) bare = bare.replace(prefix, "");
  return bare;
};
