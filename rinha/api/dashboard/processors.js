/* How the processors are, which is in use, why, and what would change that; and the last five minutes of it. */

import { byId, h, s, show, table } from "./dom.js";
import { count, instant, money, ms, percent, since } from "./format.js";

const SLOTS = 300, WIDTH = 460, LEFT = 76, ROW = 22;

export function showProcessors({ processors, at_ms: now }, seconds, colours) {
  show(byId("processors"), [processors, seconds.at(-1)?.number], () => {
    if (!processors?.routing) return [h("p", { class: "mute" }, "The worker is away: nobody knows.")];
    const { routing } = processors;
    return [
      table("Processors", [["name", ""], ["state", ""], ["for", "number"], ["answers in", "number"], ["under way", "number"], ["settled", "number"], ["fee", "number"]],
        processors.processors.map((each) => ({ cells: [
          h("b", null, each.name, each.name === routing.in_use ? " ◀ in use" : ""),
          h("span", { class: `pill ${each.healthy ? "ok" : "bad"}` }, each.healthy ? "✓ healthy" : "✗ failing"),
          since(each.since_ms, now), ms(each.latency_ms), count(each.in_flight), count(each.settled), percent(each.fee_bps)] }))),
      h("dl", { class: "facts" },
        h("dt", null, "in use"), h("dd", null, routing.in_use ? `${routing.in_use}, since ${instant(routing.since_ms)}` : "none: payments wait"),
        h("dt", null, `why (${routing.policy})`), h("dd", null, routing.why),
        h("dt", null, "what would switch it"), h("dd", null, routing.back || "nothing"),
        h("dt", null, "fees"), h("dd", null, `${money(routing.fees_cents)} paid, ${money(routing.least_fees_cents)} the least possible`),
        processors.processors.filter((each) => !each.healthy || each.last_failure).map((each) => [
          h("dt", null, each.name), h("dd", null, `${each.why}; ${each.next}${each.last_failure ? ` (last failure ${instant(each.last_failure_ms)}: ${each.last_failure})` : ""}`)])),
      strip(processors.processors.map((each) => each.name), seconds, colours),
    ];
  });
}

function strip(names, seconds, colours) {
  const newest = seconds.at(-1)?.number ?? 0, unit = (WIDTH - LEFT) / SLOTS;
  const rows = [...names.map((name) => [name, (each) => { const health = each.processors?.[name]; return health ? (health.healthy ? "var(--ok)" : "var(--bad)") : null; }]),
    ["in use", (each) => (each.in_use ? colours(each.in_use) : null)]];
  const height = rows.length * ROW + 16;
  return s("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": "Each processor's state in the last 5 minutes, and which was in use; red is failing" },
    rows.map(([name, colour], row) => [
      s("text", { x: 0, y: row * ROW + 14 }, name),
      segments(seconds, colour).map(([from, to, fill]) => s("rect", { x: LEFT + (SLOTS - 1 - (newest - from)) * unit, y: row * ROW + 4, width: (to - from + 1) * unit, height: 12, fill }))]),
    [[0, "−5 min", "start"], [0.5, "−2.5", "middle"], [1, "now", "end"]].map(([at, text, anchor]) => s("text", { class: "quiet", x: LEFT + at * (WIDTH - LEFT), y: height - 3, "text-anchor": anchor }, text)));
}

function segments(seconds, colour) {
  const found = [];
  for (const each of seconds) {
    const fill = colour(each), last = found.at(-1);
    if (!fill) continue;
    if (last && last[2] === fill && last[1] === each.number - 1) last[1] = each.number;
    else found.push([each.number, each.number, fill]);
  }
  return found;
}
