/* What happened, newest first: in words, and with the traceback where there is one. */

import { byId, h, show } from "./dom.js";
import { instant } from "./format.js";

const MAX = 50;
const LEVELS = { warning: "warn", error: "bad", critical: "bad" };

export function showEvents(events = [], missing = []) {
  const newest = events.slice(-MAX).reverse();
  show(byId("events"), [newest.map((each) => [each.role, each.number]), missing], () => [
    missing.map((each) => h("p", { class: "warn" }, `No answer: ${each}`)),
    newest.length ? h("table", { class: "rows" }, h("caption", null, "Events"),
      h("thead", null, h("tr", null, ["at", "who", "how bad", "what"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, newest.map(row))) : h("p", { class: "mute" }, "Nothing."),
  ]);
}

function row(event) {
  const { exception, ...fields } = event.fields ?? {};
  const detail = exception || Object.keys(fields).length > 0;
  return h("tr", null,
    h("td", { class: "mono" }, instant(event.at_ms)), h("td", null, event.role),
    h("td", null, h("span", { class: `pill ${LEVELS[event.level] ?? ""}` }, event.level)),
    h("td", null, event.words || event.event, detail && h("details", { "data-key": `${event.role} ${event.number}` }, h("summary", { class: "mute" }, exception ? `${event.event}, with its traceback` : event.event),
      h("pre", { tabindex: "0" }, [...Object.entries(fields).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}\n`), exception ? `\n${exception}` : ""]))));
}
