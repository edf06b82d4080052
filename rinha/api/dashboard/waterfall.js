/* The hops of one payment as bars; beside each stands its number, since 0.2 ms beside 100 ms can't be seen. */

import { h } from "./dom.js";
import { ms } from "./format.js";

const ZOOM_MS = 5;
const COLOURS = [["api", "var(--api)"], ["bridge", "var(--bridge)"], ["intake", "var(--intake)"], ["journal", "var(--ledger)"], ["payment", "var(--processor)"], ["ledger", "var(--ledger)"]];
const NAMES = { processor: "at", outcome: "", reason: "", verdict: "", status: "HTTP", mailbox: "mailbox", why: "", step: "" };

export function waterfall({ processes, missing }, zoom, toggle) {
  const hops = processes.flatMap(({ role, hops: own }) => own.map((hop) => ({ ...hop, role }))).sort((a, b) => a.start_ns - b.start_ns);
  if (!hops.length) return h("p", { class: "mute" }, "No process remembers a hop of it.");
  const begin = hops[0].start_ns, whole = Math.max(...hops.map((hop) => hop.start_ns + hop.took_ns)) - begin;
  const shown = zoom ? Math.min(whole, ZOOM_MS * 1e6) : whole;
  return [
    h("p", { class: "actions" }, h("b", null, `${ms(whole / 1e6)} in all`), whole > ZOOM_MS * 1e6 && h("button", { type: "button", "data-key": "zoom", "aria-pressed": String(zoom), onclick: toggle }, zoom ? "Show all" : `Zoom on the first ${ZOOM_MS} ms`)),
    h("div", { role: "list", "aria-label": "Where its time went" }, hops.filter((hop) => hop.start_ns - begin <= shown).map((hop) => row(hop, begin, shown))),
    missing?.length > 0 && h("p", { class: "mute" }, `Not asked: ${missing.join("; ")}`),
  ];
}

function row(hop, begin, shown) {
  const from = Math.min(100, (100 * (hop.start_ns - begin)) / (shown || 1)), wide = Math.min(100 - from, (100 * hop.took_ns) / (shown || 1));
  const colour = hop.hop.endsWith("waited") || hop.hop.includes("backlog") ? "var(--wait)" : (COLOURS.find(([start]) => hop.hop.startsWith(start))?.[1] ?? "var(--mute)");
  const note = [hop.took_ns ? ms(hop.took_ns / 1e6) : `at ${ms((hop.start_ns - begin) / 1e6)}`, ...Object.entries(hop.fields ?? {}).filter(([, value]) => value !== null && value !== "").map(([name, value]) => `${NAMES[name] ?? name} ${value}`.trim())].join(" · ");
  return h("div", { class: "bar-row", role: "listitem" },
    h("div", null, h("b", null, hop.hop, hop.attempt ? ` ${hop.attempt}` : ""), " ", h("span", { class: "mute" }, hop.actor || hop.role)),
    h("div", { class: "bar-track" }, h("i", { style: { left: `min(${from}%, 100% - 2px)`, width: `${wide}%`, background: colour } })),
    h("div", { class: "note" }, note));
}
