/* Eight figures. */

import { byId, h, show } from "./dom.js";
import { count, money, ms, rate, since } from "./format.js";

export function showTiles({ tiles, at_ms: now }) {
  show(byId("tiles"), tiles ?? null, () => (tiles ? all(tiles, now) : [h("p", { class: "tile" }, "No figures: the worker is away.")]));
}

function all(tiles, now) {
  const { accepted, settled, waiting, unknown, parked, refused, fees, trouble } = tiles;
  const dearer = fees.paid_cents - fees.least_cents;
  const reasons = Object.entries(refused.reasons).filter(([, number]) => number).map(([reason, number]) => `${reason.replaceAll("_", " ")} ${count(number)}`);
  return [
    tile("accepted / s", rate(accepted.per_s), `202 p50 ${ms(accepted.p50_ms)} · p99 ${ms(accepted.p99_ms)}`),
    tile("settled / s", rate(settled.per_s), `in the books after p50 ${ms(settled.p50_ms)} · p99 ${ms(settled.p99_ms)}`),
    tile("waiting", count(waiting.number), waiting.number ? `oldest ${since(waiting.oldest_ms, now)}` : "nobody", waiting.number ? "warn" : ""),
    tile("unknown", count(unknown.number), unknown.number ? `oldest ${since(unknown.oldest_ms, now)}; being looked up` : "none in doubt", unknown.number ? "warn" : ""),
    tile("parked", count(parked.number), parked.number ? "needs a person" : "nothing for a person", parked.number ? "bad" : ""),
    tile("refused, last minute", count(refused.last_minute), refused.why ?? (reasons.join(" · ") || "no 503"), refused.last_minute ? "bad" : ""),
    tile("fees paid", money(fees.paid_cents), dearer > 0.5 ? `${money(fees.least_cents)} was the least possible` : "the least possible", dearer > 0.5 ? "warn" : ""),
    tile("dead letters · crashes", `${count(trouble.dead_letters)} · ${count(trouble.crashes)}`, "since the worker's start", trouble.dead_letters + trouble.crashes ? "bad" : "ok"),
  ];
}

const tile = (name, value, note, level = "") => h("div", { class: "tile" }, h("span", null, name), h("b", { class: level }, value), h("span", null, note));
