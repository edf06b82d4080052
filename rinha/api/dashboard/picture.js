/* The actors as a picture: APIs, bridge, intake and its pool, health, ledger, journal, processors. */

import { byId, h, s, show } from "./dom.js";
import { count, ms, rate } from "./format.js";

const WIDTH = 860, HEIGHT = 340, NODE = [146, 56], COLUMNS = 8, CELL = 13, APART = 9;

export function showPicture(overview, colours) {
  const { actors = [], edges = [], apis = [], processors } = overview;
  show(byId("picture"), [actors, edges, apis, processors], () => {
    if (!actors.length) return [h("p", { class: "mute" }, "The worker is away, and with it its actors.")];
    return [draw(overview, colours), list(actors), legend(processors.processors, colours)];
  });
}

function draw({ actors, edges, apis, processors: { processors } }, colours) {
  const payments = actors.filter((each) => each.kind === "payment");
  const column = ["health", "intake", "journal", "ledger"].map((name) => actors.find((each) => each.name === name)).filter(Boolean);
  const rows = Math.ceil(payments.length / COLUMNS), places = {};
  column.forEach(({ name }, at) => { places[name] = [364, column.length === 1 ? 142 : 4 + (at * (HEIGHT - NODE[1] - 8)) / (column.length - 1)]; });
  const middle = places.intake?.[1] ?? 142;
  places.bridge = [186, middle];
  places.pool = [576, Math.max(44, middle + NODE[1] / 2 - (rows * CELL) / 2), [COLUMNS * CELL, rows * CELL]];
  spread(processors.length).forEach((y, at) => { places[processors[at].name] = [WIDTH - NODE[0] - 4, y]; });
  const apiPlaces = spread(apis.length).map((y) => [4, y]);
  const flows = Object.entries(Object.groupBy(edges, (each) => `${each.from} ${each.to}`)).map(([key, group]) => [...key.split(" "), group.reduce((sum, each) => (each.per_s === null ? null : sum + each.per_s), 0)]);
  return s("svg", { class: "picture", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "What the list of actors says, as a picture" },
    s("defs", null, s("marker", { id: "arrow", markerWidth: 8, markerHeight: 8, refX: 7, refY: 4, orient: "auto", markerUnits: "userSpaceOnUse" }, s("path", { class: "head", d: "M0 0L8 4L0 8z" }))),
    apis.map((each, at) => edge(apiPlaces[at], places.bridge, each.per_s, "")),
    flows.filter(([from, to]) => places[from] && places[to]).map(([from, to, perS]) => edge(places[from], places[to], perS, from)),
    apis.map((each, at) => node(apiPlaces[at], each.name, [`${rate(each.per_s)}/s`, `${count(each.outbox)} without verdict`], each.refusing ? "bad" : "")),
    node(places.bridge, "bridge", [`${apis.length} sessions`, `credit ${count(apis.reduce((sum, each) => sum + (each.credit ?? 0), 0))}`]),
    column.map((each) => node(places[each.name], each.name, lines(each), each.restarts ? "bad" : "", each.busy)),
    pool(places.pool, payments, colours),
    processors.map((each) => node(places[each.name], each.name, [each.healthy ? `healthy · ${ms(each.latency_ms)}` : "circuit open", `${count(each.in_flight)} under way`], each.healthy ? "ok" : "bad")));
}

const spread = (number) => Array.from({ length: number }, (_, at) => (HEIGHT - NODE[1]) * (number === 1 ? 0.42 : 0.12 + (0.68 * at) / (number - 1)));

const lines = (actor) => [`mailbox ${count(actor.mailbox)} · wait ${ms(actor.wait_ms)}`, `${rate(actor.per_s)}/s${actor.restarts ? ` · ${count(actor.restarts)} restarts` : ""}`];

function node([x, y], name, words, level = "", busy = null) {
  return s("g", null,
    s("rect", { class: `node ${level}`, x, y, width: NODE[0], height: NODE[1], rx: 6 }),
    s("text", { x: x + 8, y: y + 17, "font-weight": 650 }, name),
    words.map((text, at) => s("text", { class: "quiet", x: x + 8, y: y + 32 + 13 * at }, text)),
    busy !== null && s("rect", { x: x + 8, y: y + NODE[1] - 6, width: Math.max(1, busy * (NODE[0] - 16)), height: 3, fill: "var(--intake)" }));
}

function pool([x, y], payments, colours) {
  const busy = payments.filter((each) => each.processor).length;
  return s("g", null,
    s("text", { x, y: y - 20, "font-weight": 650 }, `payment ×${payments.length}`),
    s("text", { class: "quiet", x, y: y - 6 }, `${busy} at work`),
    payments.map((each, at) => s("rect", { x: x + (at % COLUMNS) * CELL, y: y + Math.floor(at / COLUMNS) * CELL, width: CELL - 2, height: CELL - 2, rx: 2,
      fill: each.processor ? colours(each.processor) : "var(--wait)" }, s("title", null, `${each.name}: ${each.processor ? `${each.step} at ${each.processor}` : "idle"}`))));
}

/** From border to border; there and back lie beside each other. */
function edge(from, to, perS, named) {
  const size = (place) => place[2] ?? NODE;
  const side = (place, right, down) => [place[0] + (right ? size(place)[0] : 0), place[1] + size(place)[1] / 2 + down];
  const across = from[0] !== to[0], forth = across ? from[0] < to[0] : from[1] < to[1], apart = forth ? -APART : APART;
  const [[ax, ay], [bx, by]] = across
    ? [side(from, forth, apart), side(to, !forth, apart)]
    : [[from[0] + NODE[0] / 2 + apart, from[1] + (forth ? NODE[1] : 0)], [to[0] + NODE[0] / 2 + apart, to[1] + (forth ? 0 : NODE[1])]];
  return s("g", null,
    s("path", { class: "edge", d: `M${ax} ${ay}L${bx} ${by}`, "stroke-width": Math.min(5, 0.8 + Math.log10(1 + (perS ?? 0))), "marker-end": "url(#arrow)" }),
    named && perS > 0 && s("text", { class: "quiet", x: (ax + bx) / 2 + (across ? 0 : apart * 0.7), y: (ay + by) / 2 + (across ? (forth ? -5 : 14) : 4), "text-anchor": across ? "middle" : forth ? "end" : "start" }, `${rate(perS)}/s`));
}

function list(actors) {
  const payments = actors.filter((each) => each.kind === "payment");
  return h("ul", { class: "list" },
    actors.filter((each) => each.kind !== "payment").map((each) => h("li", null, `${each.name}: ${lines(each).join(" · ")}`)),
    h("li", null, `${payments.length} payment actors, ${payments.filter((each) => each.processor).length} at work`));
}

const legend = (processors, colours) => h("p", { class: "legend" },
  processors.map((each) => h("span", null, h("i", { style: { background: colours(each.name) } }), `at ${each.name}`)),
  h("span", null, h("i", { style: { background: "var(--wait)" } }), "idle"), h("span", null, "lines: messages a second · bars: share of time at work"));
