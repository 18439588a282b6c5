import type { Evidence } from "../bounces/report.ts";
import { type TextKey, text, timeText } from "../messages/text.ts";
import type { SeenVerdict } from "../ports/database.ts";
import type { Inbox } from "../store/inboxes.ts";
import { listSeenBetween } from "../store/seen-messages.ts";
import { type Asker, type Explanation, sayWhy } from "./explain.ts";
import { inboxFacts } from "./inbox-facts.ts";
import { type InboxFacts, type Why, whyOfInbox } from "./why.ts";

/** What came into an inbox in an hour, without subject and address. */
export type SeenThen = { ref: string; folder: string; verdict: SeenVerdict; receivedAt: number };

export type ExplainedHour = { explanation: Explanation; messages: SeenThen[] };

const hour = 3_600_000;

/** Why a bounce that came into an inbox within an hour is not there: what hid that hour, or what came in it. */
export const explainHour = async (asker: Asker, inbox: Inbox, from: number): Promise<ExplainedHour> => {
  const { read, accountId, now } = asker;
  const stretch = { from, to: from + hour };
  const facts = await inboxFacts(asker, inbox, from);
  const seen = await listSeenBetween(read, accountId, inbox.id, stretch);
  const messages = seen.map(({ ref, folder, verdict, receivedAt }) => ({ ref, folder, verdict, receivedAt: receivedAt ?? from }));
  const steps = stepsOf(asker, facts, stretch, seen.length);
  const why = whyOfInbox(facts, stretch, now) ?? (stretch.from >= now ? future : whyOfMessages(inbox.id, messages));
  return { explanation: sayWhy(asker, why, steps), messages };
};

/** Of an address that no inbox has. */
export const explainNoInbox = (asker: Asker, address: string): Explanation =>
  sayWhy(asker, { code: "no_such_inbox", values: { address }, action: { code: "connect" } }, [
    { step: "looked", because: text(asker.language, "why.step.no_inbox") },
  ]);

const future: Why = { code: "not_yet" };

const whyOfMessages = (inboxId: string, messages: readonly SeenThen[]): Why => {
  if (messages.length === 0) return { code: "quiet_hour", action: { code: "check_coverage", inboxId } };
  const opened = messages.filter(({ verdict }) => verdict === "notice" || verdict === "opened").length;
  return { code: "hour_read", values: { n: messages.length, opened } };
};

const stepsOf = ({ language, timeZone }: Asker, facts: InboxFacts, { from, to }: { from: number; to: number }, n: number): Evidence[] => {
  const time = (at: number): string => timeText(language, at, timeZone);
  const step = (name: string, key: TextKey, values: Record<string, string | number>): Evidence => ({
    step: name,
    because: text(language, key, values),
  });
  const { inbox, states, gaps, coverage } = facts;
  const then = states.filter((stretch) => stretch.from < to && (stretch.until === null || stretch.until > from));
  return [
    ...then.map((stretch) =>
      step("state", stretch.until === null ? "why.step.state_now" : "why.step.state", {
        state: text(language, `why.state.${stretch.state}`),
        from: time(stretch.from),
        until: stretch.until === null ? "" : time(stretch.until),
      }),
    ),
    step("polled", inbox.lastPollAt === null ? "why.step.never_polled" : "why.step.polled", { time: time(inbox.lastPollAt ?? 0) }),
    ...gaps.filter((gap) => (gap.from ?? 0) < to && (gap.to ?? to) > from).map((gap) => ({ step: "gap", because: gap.because })),
    step("coverage", coverage?.checkedAt ? "why.step.coverage" : "why.step.no_coverage", {
      time: time(coverage?.checkedAt ?? 0),
      n: coverage?.gap ?? 0,
    }),
    step("seen", "why.step.hour", { n, from: time(from) }),
  ];
};
