import { describe, expect, it } from "vitest";
import { type Chart, chartFigure } from "../../src/web/page/chart.ts";
import { lastDays } from "../../src/web/page/days.ts";
import { speaking, type View } from "../../src/web/page/view.ts";

const view = speaking({ timeZone: "UTC" } as View, "en");

const chart: Chart = {
  id: "c",
  title: "Bounces <per> day",
  description: "13 bounces.",
  head: "Day",
  series: [
    { name: "Hard", tone: "hard" },
    { name: "Soft", tone: "soft" },
  ],
  rows: [
    { label: "24 Nov", short: "24", values: [10, 2] },
    { label: "25 Nov", short: "25", values: [0, 1] },
  ],
};

describe("a chart", () => {
  it.each(["columns", "bars"] as const)("of %s is a picture with a name and a description, and has its figures beside it", (form) => {
    const { markup } = chartFigure(view, chart, form);
    expect(markup).toContain('role="img" aria-labelledby="c-title c-says"');
    expect(markup).toContain('<title id="c-title">Bounces &lt;per&gt; day</title><desc id="c-says">13 bounces.</desc>');
    expect(markup).toMatch(/<th scope="row">24 Nov<\/th><td class="number">10<\/td><td class="number">2<\/td><td class="number">12<\/td>/);
    // Nothing of nothing is drawn; every part has a pattern of its own beside its colour, and no style of its own.
    expect(markup.match(/<rect class="bar (?:hard|soft)" fill="url\(#c-(?:hard|soft)\)" x=/g)).toHaveLength(3);
    expect(markup).not.toMatch(/style=|<script|NaN|Infinity/);
  });

  it("draws lengths in proportion, within its frame", () => {
    const { markup } = chartFigure(view, chart, "columns");
    const parts = [...markup.matchAll(/<rect class="bar \w+" fill="[^"]+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)];
    const heights = parts.map((part) => Number(part[4]));
    expect((heights[0] ?? 0) / (heights[1] ?? 1)).toBeCloseTo(5, 1);
    for (const [, x, y, width, height] of parts) {
      expect(Number(x) + Number(width)).toBeLessThanOrEqual(720);
      expect(Number(y)).toBeGreaterThanOrEqual(0);
      expect(Number(y) + Number(height)).toBeLessThanOrEqual(230);
    }
  });

  it("can do with nothing to count", () => {
    for (const form of ["columns", "bars"] as const)
      expect(chartFigure(view, { ...chart, rows: [{ label: "24 Nov", values: [0, 0] }] }, form).markup).not.toMatch(/NaN|Infinity/);
    expect(chartFigure(view, { ...chart, rows: [] }, "bars").markup).not.toMatch(/NaN|Infinity|<table/);
  });
});

describe("the last days", () => {
  it.each([
    ["Europe/Warsaw", "2026-11-25T17:00:00Z", 3, ["2026-11-23", "2026-11-24", "2026-11-25"], "2026-11-22T23:00:00Z"],
    ["Europe/Warsaw", "2026-11-25T23:30:00Z", 1, ["2026-11-26"], "2026-11-25T23:00:00Z"],
    ["Asia/Kathmandu", "2026-11-25T17:00:00Z", 1, ["2026-11-25"], "2026-11-24T18:15:00Z"],
    ["Pacific/Kiritimati", "2026-11-25T17:00:00Z", 1, ["2026-11-26"], "2026-11-25T10:00:00Z"],
    ["Pacific/Midway", "2026-11-25T10:59:00Z", 1, ["2026-11-24"], "2026-11-24T11:00:00Z"],
    // The clocks go back on 25 October: that day has 25 hours, and none is doubled.
    ["Europe/Warsaw", "2026-10-26T22:30:00Z", 3, ["2026-10-24", "2026-10-25", "2026-10-26"], "2026-10-23T22:00:00Z"],
  ] as const)("in %s at %s: %i", (zone, at, count, days, since) => {
    const found = lastDays(Date.parse(at), count, zone);
    expect(found.days).toEqual(days);
    expect(new Date(found.since).toISOString()).toBe(since.replace("Z", ".000Z"));
  });
});
