import { type Html, html } from "./html.ts";
import type { View } from "./view.ts";

/** What a part of a bar stands for; each has a colour and a pattern of its own, so that it can be told without the colour. */
export type Tone = "hard" | "soft" | "pending" | "plain";

export type Chart = {
  /** Unique on its page. */
  id: string;
  title: string;
  /** The chart in a sentence, for who does not see it. */
  description: string;
  /** Shown below the drawing too. */
  said?: boolean;
  /** What the bars stand for: the first column of the figures. */
  head: string;
  series: readonly { name: string; tone: Tone }[];
  /** Each bar with one value per series; `short` stands below a column. */
  rows: readonly { label: string; short?: string; values: readonly number[] }[];
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** How many things a chart counts. */
export const chartTotal = ({ rows }: Chart): number => sum(rows.map(({ values }) => sum(values)));

/** A round number that nothing is higher than. */
const roundTop = (highest: number): number => {
  const unit = 10 ** Math.floor(Math.log10(Math.max(highest, 1)));
  return [1, 2, 4, 5, 10].map((times) => times * unit).find((top) => top >= Math.max(highest, 1) && top % 2 === 0) ?? 2 * unit;
};

const marks: Record<Tone, Html | null> = {
  hard: null,
  soft: html`<path class="mark" d="M-1 7 7 -1M-1 1 1 -1M5 7 7 5"/>`,
  pending: html`<circle class="dot" cx="3" cy="3" r="1.4"/>`,
  plain: null,
};

const patterns = ({ id, series }: Chart): Html =>
  html`<defs>${series.map(
    ({ tone }) =>
      html`<pattern id="${id}-${tone}" class="tone ${tone}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6"/>${marks[tone]}</pattern>`,
  )}</defs>`;

const bar = ({ id, series }: Chart, index: number, x: number, y: number, width: number, height: number): Html | null =>
  width > 0 && height > 0
    ? html`<rect class="bar ${series[index]?.tone}" fill="url(#${id}-${series[index]?.tone})" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`
    : null;

const round = (length: number): number => Math.round(length * 100) / 100;

const drawing = (chart: Chart, width: number, height: number, form: string, content: Html): Html =>
  html`<svg class="chart ${form}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${chart.id}-title ${chart.id}-says">
<title id="${chart.id}-title">${chart.title}</title><desc id="${chart.id}-says">${chart.description}</desc>
${patterns(chart)}${content}</svg>`;

/** Stacked columns, for what goes on in time. */
const columns = (view: View, chart: Chart): Html => {
  const [width, height, left, below, above] = [720, 230, 42, 26, 8];
  const top = roundTop(Math.max(...chart.rows.map(({ values }) => sum(values))));
  const scale = (height - below - above) / top;
  const step = (width - left) / chart.rows.length;
  const every = Math.ceil(chart.rows.length / 10);
  const lines = [0, top / 2, top].map((value) => {
    const y = round(height - below - value * scale);
    return html`<path class="grid" d="M${left} ${y}H${width}"/><text x="${left - 6}" y="${y + 4}" text-anchor="end">${view.number(value)}</text>`;
  });
  const drawn = chart.rows.map(({ short, values }, at) => {
    const x = left + at * step + step * 0.12;
    const stack = values.map((value, index) =>
      bar(chart, index, x, height - below - sum(values.slice(0, index + 1)) * scale, step * 0.76, value * scale),
    );
    const label = at % every === 0 && html`<text x="${round(x + step * 0.38)}" y="${height - 8}" text-anchor="middle">${short}</text>`;
    return html`${stack}${label}`;
  });
  return html`<div class="scroll" role="group" aria-label="${chart.title}" tabindex="0">${drawing(chart, width, height, "columns", html`${lines}${drawn}`)}</div>`;
};

const longest = 46;

/** Lying bars, each below its label: labels may be long, and a phone is narrow. */
const bars = (view: View, chart: Chart): Html => {
  const [width, step, room] = [360, 42, 56];
  const top = Math.max(1, ...chart.rows.map(({ values }) => sum(values)));
  const scale = (width - room) / top;
  const drawn = chart.rows.map(({ label, values }, at) => {
    const y = at * step;
    const stack = values.map((value, index) => bar(chart, index, sum(values.slice(0, index)) * scale, y + 19, value * scale, 14));
    const shown = label.length > longest ? `${label.slice(0, longest)}…` : label;
    return html`<text x="0" y="${y + 13}">${shown}</text>${stack}<text class="count" x="${round(sum(values) * scale + 6)}" y="${y + 31}">${view.number(sum(values))}</text>`;
  });
  return drawing(chart, width, chart.rows.length * step, "bars", html`${drawn}`);
};

const legend = (chart: Chart): Html | null =>
  chart.series.length > 1
    ? html`<ul class="legend">${chart.series.map(
        ({ name, tone }) =>
          html`<li><svg class="chart" viewBox="0 0 18 12" aria-hidden="true"><rect class="bar ${tone}" fill="url(#${chart.id}-${tone})" width="18" height="12"/></svg>${name}</li>`,
      )}</ul>`
    : null;

/** The figures a chart is drawn from. */
const figures = (view: View, chart: Chart): Html => {
  const several = chart.series.length > 1;
  return html`<details><summary>${view.t("support.figures")}</summary><div class="scroll" role="group" aria-label="${chart.title}" tabindex="0"><table>
<thead><tr><th scope="col">${chart.head}</th>${chart.series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}${several && html`<th scope="col" class="number">${view.t("support.total")}</th>`}</tr></thead>
<tbody>${chart.rows.map(
    ({ label, values }) =>
      html`<tr><th scope="row">${label}</th>${values.map((value) => html`<td class="number">${view.number(value)}</td>`)}${several && html`<td class="number">${view.number(sum(values))}</td>`}</tr>`,
  )}</tbody></table></div></details>`;
};

/** A chart with its figures beside it. `instead` stands in the drawing's place where there is too little to draw. */
export const chartFigure = (view: View, chart: Chart, form: "columns" | "bars", instead: Html | null = null): Html =>
  html`<section class="figure ${form}" aria-labelledby="${chart.id}-name"><h2 id="${chart.id}-name">${chart.title}</h2>
${instead ?? html`${form === "columns" ? columns(view, chart) : bars(view, chart)}${legend(chart)}`}
${chart.said && html`<p>${chart.description}</p>`}${chart.rows.length > 0 && figures(view, chart)}</section>`;
