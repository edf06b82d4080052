/* One payment: what became of it, why, what comes next; its attempts, and where its time went. */

import { byId, h, show, table } from "./dom.js";
import { ask } from "./fetching.js";
import { instant, money, ms, short } from "./format.js";
import { waterfall } from "./waterfall.js";

const LEVELS = { settled: "ok", in_flight: "ok", parked: "bad", unknown: "warn", waiting: "warn", storing: "warn", written_off: "bad" };

export class PaymentCard {
  constructor({ retry, opened }) {
    Object.assign(this, { retry, opened, digits: "", found: null, trace: null, fault: "", zoom: false });
  }

  /** Look for a payment by its id, or how that begins. */
  async open(digits) {
    this.digits = digits;
    await this.look();
    byId("payment").focus();
    byId("payment").scrollIntoView({ block: "nearest" });
  }

  close() {
    this.digits = "";
    this.opened(null);
    this.draw();
  }

  /** Ask again what became of it. */
  async look() {
    const digits = this.digits;
    if (!digits) return;
    const [payment, trace] = await Promise.allSettled([ask(`/payments/${encodeURIComponent(digits)}`), ask(`/traces/${encodeURIComponent(digits)}`)]);
    if (digits !== this.digits) return; // another one was opened meanwhile
    this.found = payment.status === "fulfilled" ? payment.value : null;
    this.fault = payment.status === "fulfilled" ? "" : payment.reason.message;
    this.trace = trace.status === "fulfilled" ? trace.value : null;
    this.opened(this.found?.correlationId ?? null);
    this.draw();
  }

  draw() {
    const place = byId("payment");
    place.hidden = !this.digits;
    show(place, [this.digits, this.found, this.trace, this.fault, this.zoom], () => (this.digits ? this.content() : []));
  }

  content() {
    const close = h("button", { type: "button", "data-key": "close", onclick: () => this.close() }, "Close (Esc)");
    if (!this.found) return [h("h2", null, `Payment ${this.digits}`), h("p", null, this.fault || "Not found."), this.hops(), h("p", { class: "actions" }, close)];
    if (this.found.payments) {
      return [h("h2", null, `${this.found.total} payments begin with ${this.digits}`),
        this.found.payments.map((each) => h("p", null, h("button", { type: "button", class: "id", "data-key": each.correlationId, onclick: () => this.open(each.correlationId) }, each.correlationId), ` ${each.state}`)),
        h("p", { class: "actions" }, close)];
    }
    const each = this.found;
    return [
      h("h2", null, "Payment ", h("code", null, each.correlationId)),
      h("p", null, h("b", null, money(each.amount_cents)), " ", h("span", { class: `pill ${LEVELS[each.state] ?? ""}` }, each.state.replace("_", " ")), each.processor ? ` at ${each.processor}` : ""),
      h("dl", { class: "facts" },
        h("dt", null, "since"), h("dd", null, instant(each.since_ms)),
        h("dt", null, "why"), h("dd", null, each.why || "–"),
        h("dt", null, "what comes next"), h("dd", null, each.next ? `${each.next}${each.next_ms ? ` (${instant(each.next_ms)})` : ""}` : "nothing"),
        each.requested_at_ms && [h("dt", null, "requestedAt"), h("dd", null, new Date(each.requested_at_ms).toISOString())]),
      each.attempts.length > 0 && table("Attempts", [["attempt", "number"], ["step", ""], ["processor", ""], ["at", ""], ["took", "number"], ["outcome", ""], ["reason", ""]],
        each.attempts.map((one) => ({ cells: [String(one.number), one.step, one.processor, instant(one.at_ms), ms(one.took_ms), one.outcome || "under way", one.reason ?? ""] }))),
      this.hops(),
      h("p", { class: "actions" }, each.state === "parked" && h("button", { type: "button", "data-key": "retry", onclick: () => this.retry(each.correlationId) }, "Retry"),
        h("button", { type: "button", "data-key": "copy", onclick: (event) => copy({ payment: each, trace: this.trace }, event.target) }, "Copy as JSON"),
        this.trace && h("button", { type: "button", "data-key": "export", onclick: () => this.export() }, "Export for Perfetto"), close,
        h("span", { class: "mute" }, "the same in a terminal: ", h("code", null, `rinha payment ${short(each.correlationId).slice(0, 8)}`), ", ", h("code", null, `rinha trace ${short(each.correlationId).slice(0, 8)}`))),
    ];
  }

  hops() {
    if (!this.trace) return this.found ? h("p", { class: "mute" }, "No process remembers a hop of it any more.") : null;
    return waterfall(this.trace, this.zoom, () => { this.zoom = !this.zoom; this.draw(); });
  }

  /** A file of trace events, as chrome://tracing and Perfetto read it. */
  export() {
    const traceEvents = this.trace.processes.flatMap(({ role, hops }) => hops.map((hop) => ({ name: hop.hop, ph: "X", ts: hop.start_ns / 1000, dur: hop.took_ns / 1000, pid: role, tid: hop.actor || role, args: { attempt: hop.attempt, ...hop.fields } })));
    const url = URL.createObjectURL(new Blob([JSON.stringify({ traceEvents })], { type: "application/json" }));
    h("a", { href: url, download: `payment-${this.found?.correlationId ?? this.digits}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
}

async function copy(value, button) {
  try {
    await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
    button.textContent = "Copied";
  } catch {
    button.textContent = "The browser forbids it here: use HTTPS or localhost";
  }
}
