import type { Category } from "../bounces/report.ts";

/** Three or more people at one domain who fail alike within a week: a filter there is likelier than three typing errors. */
export const alikeAtLeast = 3;
/** Failures this far apart are no company (milliseconds). */
export const alikeWithinMs = 7 * 86_400_000;

/** Words that can hide a filter. The others name it, or what they name is not a filter's doing. */
const doubtful: ReadonlySet<string> = new Set<Category>(["unknown_user", "other"]);

/**
 * Domains where anybody has a mailbox: many wrong addresses there are just that. Those of the largest providers; a smaller one that is
 * missing costs a hint too many, on the timeline alone.
 */
const everybodys: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com icloud.com me.com mac.com gmx.com gmx.de
  gmx.net web.de t-online.de freenet.de mail.com mail.ru yandex.ru proton.me protonmail.com zoho.com qq.com 163.com 126.com naver.com
  wp.pl onet.pl op.pl o2.pl interia.pl poczta.fm vp.pl tlen.pl gazeta.pl orange.fr free.fr laposte.net wanadoo.fr libero.it
  seznam.cz comcast.net verizon.net att.net btinternet.com`.split(/\s+/),
);

/** True for a permanent failure of which company at its domain can tell something. */
export const canFailAlike = (domain: string, category: Category | null): boolean =>
  doubtful.has(category ?? "other") && domain !== "" && !everybodys.has(domain);
