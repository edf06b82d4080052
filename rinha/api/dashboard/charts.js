/* Rates, latencies and backlog of the last five minutes; the time in which a processor failed is shaded. */

import { byId, h, s, show } from "./dom.js";
import { count, ms, rate } from "./format.js";

const SLOTS = 300, WIDTH = 460, LEFT = 52, HEIGHT = 62;

const sum = (counts) => Object.values(counts ?? {}).reduce((total, each) => total + each, 0);
const CHARTS = [
  ["accepted a second", rate, [["accepted", "var(--api)", (each) => each.accepted]]],
  ["accepted and not settled within the second", rate, [["gap", "var(--processor)", (each) => each.accepted - sum(each.settled)]]],
  ["202 after", ms, [["p50", "var(--api)", (each) => each.answer_p50_ms], ["p99", "var(--processor)", (each) => each.answer_p99_ms]]],
  ["in the books after", ms, [["p50", "var(--ledger)", (each) => each.settle_p50_ms], ["p99", "var(--processor)", (each) => each.settle_p99_ms]]],
  ["held", count, [["waiting", "var(--processor)", (each) => each.waiting], ["unknown", "var(--bad)", (each) => each.unknown], ["parked", "var(--bridge)", (each) => each.parked]]],
  ["refused a second", rate, [["refused", "var(--bad)", (each) => sum(each.refused)]]],
];

export function showCharts(seconds) {
  show(byId("charts"), seconds.at(-1)?.number ?? null, () => (seconds.length ? CHARTS.map((chart) => draw(chart, seconds)) : [h("p", { class: "mute" }, "Nothing was measured yet.")]));
}

function draw([title, unit, series], seconds) {
  const newest = seconds.at(-1).number, step = (WIDTH - LEFT) / (SLOTS - 1);
  const values = series.flatMap(([, , value]) => seconds.map(value)).filter((each) => each !== null && each !== undefined);
  const top = Math.max(1, ...values), bottom = Math.min(0, ...values);
  const x = (each) => LEFT + (SLOTS - 1 - (newest - each.number)) * step;
  const y = (value) => 4 + (HEIGHT - 8) * (1 - (value - bottom) / (top - bottom));
  const ill = seconds.filter((each) => Object.values(each.processors ?? {}).some((health) => !health.healthy));
  const last = series.map(([name, , value]) => `${name} ${value(seconds.at(-1)) === null ? "–" : unit(value(seconds.at(-1)))}`).join(", ");
  return h("figure", { style: { margin: "0 0 6px" } },
    h("figcaption", { class: "legend" }, h("span", null, title), series.map(([name, colour]) => h("span", null, h("i", { style: { background: colour } }), name))),
    s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}, last 5 minutes; now ${last}` },
      ill.map((each) => s("rect", { class: "shade", x: x(each) - step / 2, y: 4, width: step, height: HEIGHT - 8 })),
      s("path", { class: "tick", d: `M${LEFT} ${y(0)}H${WIDTH}` }),
      s("text", { class: "quiet", x: LEFT - 4, y: 13, "text-anchor": "end" }, unit(top)),
      s("text", { class: "quiet", x: LEFT - 4, y: HEIGHT - 4, "text-anchor": "end" }, bottom < 0 ? unit(bottom) : "0"),
      series.map(([, colour, value]) => s("path", { d: line(seconds, value, x, y), fill: "none", stroke: colour, "stroke-width": 1.4 }))));
}

function line(seconds, value, x, y) {
  let path = "", before = null;
  for (const each of seconds) {
    const found = value(each);
    if (found === null || found === undefined) { before = null; continue; }
    path += `${before === each.number - 1 ? "L" : "M"}${x(each).toFixed(1)} ${y(found).toFixed(1)}`;
    if (before !== each.number - 1) path += "h0.1";
    before = each.number;
  }
  return path;
}
