import type { TextKey } from "../../messages/text.ts";
import type { EngagementState, InboxState, Read } from "../../ports/database.ts";
import type { Inbox } from "../../store/inboxes.ts";
import { countBouncesBy, countBouncesByTime, countNotices, countPendingByHour } from "../../store/support-figures.ts";
import { type Chart, chartFigure, chartTotal } from "../page/chart.ts";
import { dayTeller, lastDays } from "../page/days.ts";
import { type Html, html } from "../page/html.ts";
import type { SignedInView } from "../page/view.ts";

/** States that are a bounce; what was delivered after all, or withdrawn, is none. */
const bounceStates = ["hard", "soft", "pending"] as const satisfies readonly EngagementState[];

/** Below this a chart says less than the list. */
const fewest = 10;

type Counted = { label: string; state: EngagementState; count: number };

const typeSeries = (view: SignedInView): Chart["series"] => bounceStates.map((state) => ({ name: view.t(`type.${state}`), tone: state }));

/** Bars by label, the longest first. */
const rowsByLabel = (counted: readonly Counted[]): Chart["rows"] => {
  const byLabel = Map.groupBy(
    counted.filter(({ state }) => (bounceStates as readonly string[]).includes(state)),
    ({ label }) => label,
  );
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  return [...byLabel]
    .map(([label, some]) => ({
      label,
      values: bounceStates.map((state) => total(some.filter((one) => one.state === state).map(({ count }) => count))),
    }))
    .sort((a, b) => total(b.values) - total(a.values) || (a.label < b.label ? -1 : 1));
};

const mostBars = 8;

/** The longest bars; the others are one. */
const topRows = (rows: Chart["rows"], others: string): Chart["rows"] => {
  const rest = rows.slice(mostBars);
  if (rest.length < 2) return rows;
  return [
    ...rows.slice(0, mostBars),
    { label: others, values: bounceStates.map((_, at) => rest.reduce((sum, { values }) => sum + (values[at] ?? 0), 0)) },
  ];
};

/** "Most: Unknown user, with 12 of 20." */
const mostSays = (view: SignedInView, { rows }: Pick<Chart, "rows">): string => {
  const count = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const total = rows.reduce((sum, { values }) => sum + count(values), 0);
  const most = rows.toSorted((a, b) => count(b.values) - count(a.values))[0];
  return most ? view.t("support.barsSay", { label: most.label, n: view.number(count(most.values)), total: view.number(total) }) : "";
};

const few = (view: SignedInView, chart: Chart, key: TextKey, list: string): Html | null =>
  chartTotal(chart) >= fewest ? null : html`<p><a href="${list}">${view.t(key)}</a></p>`;

const perDay = async (read: Read, view: SignedInView, days: readonly string[], since: number): Promise<Html> => {
  const counted = await countBouncesByTime(read, view.accountId, since);
  const dayOf = dayTeller(view.timeZone);
  const byDay = Map.groupBy(counted, ({ at }) => dayOf(at));
  const label = new Intl.DateTimeFormat(view.language === "pl" ? "pl-PL" : "en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const rows = days.map((day) => ({
    label: label.format(Date.parse(day)),
    short: label.format(Date.parse(day)),
    values: bounceStates.map((state) =>
      (byDay.get(day) ?? []).filter((one) => one.state === state).reduce((sum, { count }) => sum + count, 0),
    ),
  }));
  const most = Math.max(...rows.map(({ values }) => values.reduce((sum, value) => sum + value, 0)));
  const chart = {
    id: "days",
    title: view.t("support.perDay"),
    description: "",
    head: view.t("support.day"),
    series: typeSeries(view),
    rows,
  };
  const description = view.t("support.perDaySays", {
    total: view.number(chartTotal(chart)),
    days: view.number(days.length),
    most: view.number(most),
  });
  return chartFigure(view, { ...chart, description }, "columns", few(view, chart, "support.few", "/timeline"));
};

const byLabel = (view: SignedInView, id: string, title: string, counted: readonly Counted[], others: string | null): Html => {
  const all = rowsByLabel(counted);
  const rows = others === null ? all : topRows(all, others);
  const chart = { id, title, description: mostSays(view, { rows }), head: view.t("support.what"), series: typeSeries(view), rows };
  return chartFigure(view, chart, "bars", few(view, chart, "support.few", "/timeline"));
};

const hour = 3_600_000;

const pendingByAge = async (read: Read, view: SignedInView): Promise<Html> => {
  const counted = await countPendingByHour(read, view.accountId);
  const title = view.t("support.pendingAge");
  const ages = [
    ["support.age0", 0, 24],
    ["support.age24", 24, 48],
    ["support.age48", 48, 72],
    ["support.age72", 72, Number.POSITIVE_INFINITY],
  ] as const;
  const rows = ages
    .map(([key, from, to]) => {
      const some = counted.filter(({ at }) => view.now - at < to * hour && (from === 0 || view.now - at >= from * hour));
      return { label: view.t(key), values: [some.reduce((sum, { count }) => sum + count, 0)] };
    })
    // Only where a server announced that it tries for longer.
    .filter(({ values }, at) => at < 3 || (values[0] ?? 0) > 0);
  const chart = {
    id: "ages",
    title,
    description: "",
    head: view.t("support.what"),
    series: [{ name: view.t("support.count"), tone: "pending" as const }],
    rows,
  };
  const total = chartTotal(chart);
  const description = view.t("support.pendingSay", { total: view.number(total) });
  return chartFigure(view, { ...chart, description }, "bars", total === 0 ? html`<p>${view.t("support.noPending")}</p>` : null);
};

const outcomes = ["matched", "waiting", "unmatched", "not_ours", "not_logged", "dismissed", "no_bounce"] as const;

const noticesByOutcome = async (read: Read, view: SignedInView, since: number): Promise<Html> => {
  const counted = await countNotices(read, view.accountId, since);
  const count = (fits: (one: (typeof counted)[number]) => boolean): number => counted.filter(fits).reduce((sum, one) => sum + one.count, 0);
  const unread = count(({ kind }) => kind === "unread_notice");
  const rows = [
    ...outcomes.map((state) => ({
      label: view.t(`noticeState.${state}`),
      values: [count((one) => one.state === state && one.kind !== "unread_notice")],
    })),
    { label: view.t("noticeState.unread"), values: [unread] },
  ];
  const all = count(() => true);
  const bounces = count(({ state, kind }) => state !== "no_bounce" && kind !== "unread_notice");
  const tied = count(({ state }) => state === "matched" || state === "not_logged");
  const percent = (part: number, whole: number): string => view.number(whole === 0 ? 100 : Math.floor((part / whole) * 100));
  const description = view.t("support.rates", { tied: percent(tied, bounces), read: percent(all - unread, all) });
  const chart = {
    id: "outcomes",
    title: view.t("support.notices"),
    description,
    head: view.t("support.what"),
    series: [{ name: view.t("support.count"), tone: "plain" as const }],
    rows,
  };
  return chartFigure(view, { ...chart, said: all > 0 }, "bars", few(view, chart, "support.fewNotices", "/notices"));
};

/** Names of providers, where the name of their connector is none. */
const providerNames: Readonly<Record<string, string>> = {
  gmail: "Gmail",
  "gmail-domain": "Google Workspace",
  "gmail-imap": "Gmail",
  office365: "Microsoft 365",
  "office365-app": "Microsoft 365",
  "office365-imap": "Microsoft 365",
  exchange: "Exchange",
  imap: "IMAP",
  maildir: "Maildir",
};

const inboxesByState = (view: SignedInView, inboxes: readonly Inbox[]): Html => {
  const states = [...new Set(inboxes.map(({ state }) => state))];
  const rows = states
    .map((state) => ({ label: view.t(`inboxState.${state}`), values: [inboxes.filter((inbox) => inbox.state === state).length] }))
    .sort((a, b) => (b.values[0] ?? 0) - (a.values[0] ?? 0));
  const well = inboxes.filter(({ state }) => state === "watching").length;
  const chart = {
    id: "inboxes",
    title: view.t("support.inboxes"),
    description: view.t("support.inboxesSay", { total: view.number(inboxes.length), well: view.number(well) }),
    head: view.t("support.state"),
    series: [{ name: view.t("support.count"), tone: "plain" as const }],
    rows,
  };
  return chartFigure(view, chart, "bars", inboxes.length === 0 ? html`<p>${view.t("support.inboxesNone")}</p>` : null);
};

/** States in which nothing is counted. */
const gone: readonly InboxState[] = ["erased"];

/** Every chart of the overview. */
export const supportCharts = async (read: Read, view: SignedInView, inboxes: readonly Inbox[], days: number): Promise<Html> => {
  const { days: names, since } = lastDays(view.now, days, view.timeZone);
  const by = (column: Parameters<typeof countBouncesBy>[2]) => countBouncesBy(read, view.accountId, column, since);
  const providers = new Map(inboxes.map(({ id, provider }) => [id, providerNames[provider] ?? provider]));
  const categories = (await by("category")).map((one) => ({ ...one, label: view.t(`category.${one.value || "other"}` as TextKey) }));
  const domains = (await by("recipient_domain")).map((one) => ({ ...one, label: one.value || view.t("support.unknown") }));
  const sent = (await by("inbox_id")).map((one) => ({ ...one, label: providers.get(one.value) ?? view.t("support.unknown") }));
  return html`<div class="figures">
${await perDay(read, view, names, since)}
${byLabel(view, "categories", view.t("support.byCategory"), categories, null)}
${byLabel(view, "domains", view.t("support.byDomain"), domains, view.t("support.otherDomains"))}
${await noticesByOutcome(read, view, since)}
${await pendingByAge(read, view)}
${byLabel(view, "providers", view.t("support.byProvider"), sent, null)}
${inboxesByState(
  view,
  inboxes.filter(({ state }) => !gone.includes(state)),
)}
</div>`;
};
