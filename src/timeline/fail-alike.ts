import type { Category } from "../bounces/report.ts";

/** A permanent failure at one recipient. `occurredAt` is epoch milliseconds. */
export type Failure = { recipientKey: string; domain: string; category: Category | null; reason: string | null; occurredAt: number };

/** Failures this far apart are no company. */
export const alikeWithinMs = 7 * 86_400_000;
const atLeast = 3;

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

/** True for a failure of which company there can be that tells something. */
export const canFailAlike = ({ domain, category }: Pick<Failure, "domain" | "category">): boolean =>
  doubtful.has(category ?? "other") && domain !== "" && !everybodys.has(domain);

/** True when three or more people at the failure's domain failed like it within a week: a filter there is likelier than three typing errors. */
export const failsAlike = (failure: Failure, atItsDomain: readonly Failure[]): boolean => {
  if (!canFailAlike(failure)) return false;
  const alike = atItsDomain.filter(
    ({ category, reason, occurredAt }) =>
      category === failure.category && reason === failure.reason && Math.abs(occurredAt - failure.occurredAt) <= alikeWithinMs,
  );
  return new Set([failure.recipientKey, ...alike.map(({ recipientKey }) => recipientKey)]).size >= atLeast;
};
