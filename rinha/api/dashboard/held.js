/* The payments that are held, by state, the slowest and the failed; each opens its card. */

import { byId, h, show, table } from "./dom.js";
import { count, instant, money, ms, short, since } from "./format.js";

const LEVELS = { parked: "bad", unknown: "warn", waiting: "warn", storing: "warn", in_flight: "ok" };

export class Held {
  constructor({ open, retry, retryAll }) {
    Object.assign(this, { open, retry, retryAll, tab: "", selected: null, overview: {} });
  }

  show(overview) {
    this.overview = overview;
    const { held, slowest = [], failed = [], at_ms: now } = overview;
    const key = [this.tab, this.selected, held, slowest, failed, held?.oldest_ms ? now : 0];
    show(byId("held"), key, () => (held ? this.content(held, slowest, failed, now) : [h("p", { class: "mute" }, "The worker is away: nobody knows what waits.")]));
  }

  content(held, slowest, failed, now) {
    const { waiting = [], unknown = [], parked = [] } = held.payments;
    const counts = { ...held.counts, waiting: held.counts.waiting + (held.counts.storing ?? 0) };
    const tabs = { parked: [`Parked ${count(counts.parked)}`, counts.parked], unknown: [`Unknown ${count(counts.unknown)}`, counts.unknown],
      waiting: [`Waiting ${count(counts.waiting)}`, counts.waiting], slowest: ["Slowest of the last minute", 0], failed: [`Failed ${failed.length}`, 0] };
    const chosen = this.tab || Object.keys(tabs).find((name) => tabs[name][1]) || "slowest";
    return [
      h("p", { class: "tabs" }, Object.entries(tabs).map(([name, [text]]) => h("button", { type: "button", "data-key": name, "aria-pressed": String(name === chosen), onclick: () => this.choose(name) }, text)),
        counts.parked > 0 && h("button", { type: "button", "data-key": "retry-all", onclick: () => this.retryAll() }, "Retry all parked")),
      h("p", null, `${capital(held.why)}. ${capital(held.next)}.`),
      held.drained_ms && h("p", { class: "mute" }, `The last backlog was gone at ${instant(held.drained_ms)}: ${count(held.drained_payments)} drained in ${ms(held.drained_s * 1000)}.`),
      { parked: () => this.payments(parked, counts.parked, now), unknown: () => this.payments(unknown, counts.unknown, now), waiting: () => this.payments(waiting, counts.waiting, now),
        slowest: () => this.ranked("Slowest", slowest), failed: () => this.failures(failed) }[chosen](),
    ];
  }

  choose(name) {
    this.tab = name;
    this.show(this.overview);
  }

  payments(payments, total, now) {
    if (!payments.length) return h("p", { class: "mute" }, "None.");
    const columns = [["payment", ""], ["amount", "number"], ["state", ""], ["for", "number"], ["why", ""], ["what comes next", ""], ["attempts", "number"]];
    return [table("Payments", columns, payments.map((each) => ({ selected: each.correlationId === this.selected, cells: [
      this.id(each.correlationId), money(each.amount_cents), h("span", { class: `pill ${LEVELS[each.state] ?? ""}` }, each.state.replace("_", " ")),
      since(each.since_ms, now), each.why, [each.next, each.state === "parked" && h("span", null, " ", h("button", { type: "button", "data-key": `retry ${each.correlationId}`, onclick: () => this.retry(each.correlationId) }, "Retry"))],
      count(each.attempts_made)] }))), total > payments.length && h("p", { class: "mute" }, `The oldest ${payments.length} of ${count(total)}.`)];
  }

  ranked(caption, rows) {
    if (!rows.length) return h("p", { class: "mute" }, "None remembered.");
    return table(caption, [["payment", ""], ["took", "number"], ["longest part", ""], ["of that", "number"]],
      rows.map((each) => ({ selected: each.correlationId === this.selected, cells: [this.id(each.correlationId), ms(each.took_ms), each.longest ?? "–", ms(each.longest_ms)] })));
  }

  failures(rows) {
    if (!rows.length) return h("p", { class: "mute" }, "None remembered.");
    return table("Failed", [["payment", ""], ["at", ""], ["why", ""]], rows.map((each) => ({ selected: each.correlationId === this.selected, cells: [this.id(each.correlationId), instant(each.at_ms), each.why] })));
  }

  id(id) {
    return h("button", { type: "button", class: "id", title: id, "data-key": id, "data-row": true, onclick: () => this.open(id) }, short(id));
  }
}

const capital = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");
