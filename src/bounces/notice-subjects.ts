/** How notices are titled, in many languages. A weak sign: people use such words too, so a body decides. */
const openings = [
  "undeliver(?:able|ed)\\b",
  "(?:mail )?deliver?y (?:status notification|failure|has failed|failed|problem|delayed|report|notification|error)",
  "delivery-status|delivery status",
  "returned (?:mail|to sender|message)",
  "(?:mail|message|email) (?:delivery|status|could not|not delivered|undeliver|failed|returned|system error|delivery failed|was not delivered)",
  "(?:failure|failed|bounce) (?:notice|delivery|notification|mail)",
  "(?:warning|could not send|notice|\\*\\*message you sent)\\b.*(?:message|mail|deliver)",
  "non[- ]?(?:delivery|remis|recapitabile|delivered)",
  "nondeliverable|nicht zustellbar|unzustellbar|zustellung.*fehl|mail delivery|nachricht.*nicht",
  "non remis|échec de (?:la )?remise|notification d'état de remise|message non d[ée]livr|retour de",
  "no se puede entregar|no entregable|no se ha podido entregar|error de entrega|notificaci[óo]n.*estado de entrega|devuelto",
  "non recapitabile|mancato recapito|recapito non riuscito|messaggio non",
  "n[ãa]o (?:entregue|é possível entregar)|falha na entrega|notifica[çc][ãa]o de falha",
  "niedostarczon|nie mo[żz]na dostarczy|nie dostarczono|zwrot poczty|powiadomienie o stanie dostarczenia|niedor[ęe]czon",
  "onbestelbaar|niet bezorgd|kan niet worden bezorgd|bezorging mislukt",
  "olevererbar|kunde inte levereras|ikke leveres|kan ikke leveres|uleverbar|ei voitu toimittaa|teslim edilemedi|kézbesíthetetlen|nedoručiteln|nedoručen|nelivrabil",
  "недоставлен|не доставлен|не удалось доставить|возвра",
  "配信不能|配信できません|送信できません|未配信|配達|エラー|無法傳遞|无法送达|無法傳送|退信|传递失败|배달되지|반송",
];

/** Behind any number of "Re:", "Fwd:" and "[tag]" prefixes nothing counts: those are people's. */
export const noticeSubject = new RegExp(`^\\s*(?:\\[[^\\]]{1,40}\\] *)?(?:\\*+ ?)?(?:${openings.join("|")})`, "iu");
