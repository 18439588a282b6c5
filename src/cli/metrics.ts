/** What Prometheus is told: counters of what this process did, and gauges read from the database when it asks. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { quotas } from "../../connectors/shared/quotas.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { Delivery } from "../deliver/deliver-webhook.ts";
import type { Limiter } from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import { readOperatingFigures } from "../store/operating-figures.ts";
import type { SyncNews } from "../sync/sync-news.ts";

export type Metrics = {
  /** Everything in Prometheus's text format, and its content type. */
  read: () => Promise<{ contentType: string; text: string }>;
  onSync: (news: SyncNews) => void;
  onDelivery: (delivery: Delivery) => void;
  onRequest: (request: { method: string; route: string; status: number; ms: number }) => void;
  /** A limiter that counts what is spent and waited for. */
  measured: (limiter: Limiter) => Limiter;
};

/** Gauges are read no more often than this, however many ask. */
const readEveryMs = 5_000;

/** A key without what names one inbox or host, which would make a series of each. */
const quotaName = (key: string): string =>
  Object.keys(quotas).find((name) => key === name || key.startsWith(`${name}:`)) ?? key.split(":", 1)[0] ?? key;

const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export const createMetrics = ({ database, now }: { database: Database; now: () => number }): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `bounceline_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `bounceline_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) =>
    new Histogram({ name: `bounceline_${name}`, help, labelNames, buckets, registers });
  collectDefaultMetrics({ register: registry });
  gauge("build_info", "Always 1; the version is its label.", ["version", "engine"]).set(
    { version: packageJson.version, engine: database.engine },
    1,
  );

  const turns = counter("turns_total", "Turns on inboxes, by how they ended: done, more, or the kind of error.", ["provider", "end"]);
  const turnSeconds = histogram("turn_seconds", "How long turns took.", ["provider"], seconds);
  const messages = counter("messages_total", "Messages judged, by verdict.", ["provider", "verdict"]);
  const opened = counter("opened_total", "Messages opened, by what they were (the trace's outcome).", ["provider", "outcome"]);
  const bounces = counter("bounces_total", "Recipients that notices told of, by type and category.", ["type", "category"]);
  const events = counter("events_total", "Entries of the event log that turns made.", ["type"]);
  const detection = histogram(
    "detection_seconds",
    "From a notice's arrival in its mailbox to its entry, without first syncs.",
    ["provider"],
    [1, 5, 10, 30, 60, 120, 300, 900, 3600, 21_600],
  );
  const deliveries = counter("deliveries_total", "Events sent to webhooks, by what the receiver did.", ["outcome"]);
  const deliverySeconds = histogram("delivery_seconds", "How long receivers took.", [], seconds);
  const requests = histogram("http_request_seconds", "Requests answered.", ["method", "route", "status"], seconds);
  const units = counter("quota_units_total", "Units of providers' quotas spent, by quota.", ["quota"]);
  const waited = counter("quota_wait_seconds_total", "Time spent waiting for quotas.", ["quota"]);

  const inboxes = gauge("inboxes", "Inboxes, by provider and state.", ["provider", "state"]);
  const overdue = gauge("inboxes_overdue", "Inboxes that wait for a worker.");
  const overdueSeconds = gauge("poll_overdue_seconds", "For how long the longest waiting inbox has been due.");
  const owed = gauge("owed_messages", "Messages that could not be opened yet and are tried again.");
  const owedSeconds = gauge("owed_overdue_seconds", "For how long the oldest of them has been due.");
  const missing = gauge("coverage_missing_messages", "Messages the newest comparisons with providers found missing.");
  const behind = gauge("webhook_events_behind", "Events endpoints were not sent yet, of all endpoints.");
  const mostBehind = gauge("webhook_events_behind_most", "The same of the endpoint that is furthest behind.");
  const failing = gauge("webhook_failing_seconds", "For how long the longest failing endpoint has been failing.");

  const since = (at: number | null): number => (at === null ? 0 : Math.max(0, now() - at) / 1000);
  let readAt = Number.NEGATIVE_INFINITY;
  const readGauges = async (): Promise<void> => {
    if (now() - readAt < readEveryMs) return;
    readAt = now();
    const figures = await readOperatingFigures(database.read, readAt);
    // A state without inboxes would keep its last figure.
    inboxes.reset();
    for (const { provider, state, count } of figures.inboxes) inboxes.set({ provider, state }, count);
    overdue.set(figures.overdue.count);
    overdueSeconds.set(since(figures.overdue.since));
    owed.set(figures.owed.count);
    owedSeconds.set(since(figures.owed.since));
    missing.set(figures.missing);
    behind.set(figures.webhooks.behind);
    mostBehind.set(figures.webhooks.most);
    failing.set(since(figures.webhooks.failingSince));
  };

  return {
    async read() {
      await readGauges();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    onSync(news) {
      const { provider } = news.inbox;
      if (news.kind === "turn") {
        turns.inc({ provider, end: news.end.kind === "failed" ? news.end.error : news.end.kind });
        turnSeconds.observe({ provider }, news.ms / 1000);
        return;
      }
      for (const { verdict, trace, report, envelope } of news.messages) {
        messages.inc({ provider, verdict });
        if (trace) opened.inc({ provider, outcome: trace.outcome });
        if (verdict !== "notice" || !report || !news.saved.notices.includes(news.saved.noticeOf.get(envelope.ref)?.noticeId ?? ""))
          continue;
        for (const { type, category } of report.recipients) bounces.inc({ type, category: category ?? "none" });
        if (!news.backfill && envelope.receivedAt !== null) detection.observe({ provider }, since(envelope.receivedAt));
      }
      for (const type of news.saved.events) events.inc({ type });
    },
    onDelivery({ answer, ms }) {
      deliveries.inc({ outcome: answer.kind });
      deliverySeconds.observe(ms / 1000);
    },
    onRequest({ method, route, status, ms }) {
      requests.observe({ method, route, status }, ms / 1000);
    },
    measured: (limiter) => ({
      ...limiter,
      async take(key, spent, signal) {
        const quota = quotaName(key);
        const began = now();
        await limiter.take(key, spent, signal);
        units.inc({ quota }, spent);
        waited.inc({ quota }, (now() - began) / 1000);
      },
    }),
  };
};
