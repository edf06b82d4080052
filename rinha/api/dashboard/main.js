/* The page: once a second it asks for what is new, and shows all of it. Hidden or paused it asks nothing. */

import { showCharts } from "./charts.js";
import { byId } from "./dom.js";
import { showEvents } from "./events.js";
import { ask } from "./fetching.js";
import { ms } from "./format.js";
import { Held } from "./held.js";
import { listen } from "./keyboard.js";
import { PaymentCard } from "./payment.js";
import { showPicture } from "./picture.js";
import { showProcessors } from "./processors.js";
import { showTiles } from "./tiles.js";

const EVERY_MS = 1000, SECONDS_MAX = 300;
const PALETTE = ["var(--api)", "var(--processor)", "var(--bridge)", "var(--intake)", "var(--ledger)"];

const state = { paused: false, seconds: [], run: "", answeredAt: 0, asking: false, names: [] };
const colours = (name) => PALETTE[Math.max(0, state.names.indexOf(name)) % PALETTE.length];

const held = new Held({ open: (id) => card.open(id), retry, retryAll });
const card = new PaymentCard({ retry, opened: (id) => { held.selected = id; } });

async function tick() {
  if (state.paused || document.hidden || state.asking) return;
  state.asking = true;
  try {
    const after = state.seconds.at(-1)?.number;
    take(await ask(after === undefined ? "/overview" : `/overview?after=${after}`));
    await card.look();
  } catch (error) {
    const since = state.answeredAt ? `; what stands below is ${ms(Date.now() - state.answeredAt)} old` : "";
    verdict("failing", error.status ? `The API gives no overview: ${error.message}${since}.` : `This page gets no answer: ${error.message}${since}.`);
  } finally {
    state.asking = false;
    age();
  }
}

function take(overview) {
  const run = overview.worker?.run ?? "";
  if (run && run !== state.run) { // another worker counts anew
    if (state.run) state.seconds = [];
    state.run = run;
  }
  const newest = state.seconds.at(-1)?.number ?? 0;
  state.seconds.push(...(overview.seconds ?? []).filter((each) => each.number > newest));
  state.seconds = state.seconds.slice(-SECONDS_MAX);
  state.names = overview.processors?.processors.map((each) => each.name) ?? state.names;
  state.answeredAt = Date.now();
  verdict(overview.verdict.level, overview.verdict.text);
  showTiles(overview);
  showPicture(overview, colours);
  showProcessors(overview, state.seconds, colours);
  held.show(overview);
  showCharts(state.seconds);
  showEvents(overview.events, overview.missing);
}

const MARKS = { ok: "✓", degraded: "▲", failing: "✗" };

function verdict(level, text) {
  const place = byId("verdict");
  if (place.dataset.level === level && place.dataset.text === text) return; // or it would be read out each second
  place.dataset.level = level;
  place.dataset.text = text;
  place.textContent = `${MARKS[level] ?? ""} ${text}`;
  document.title = level === "ok" ? "Rinha" : `${MARKS[level]} Rinha · ${level}`;
}

function age() {
  const old = state.answeredAt ? Date.now() - state.answeredAt : 0;
  byId("age").textContent = state.paused ? `paused; ${ms(old)} old` : state.answeredAt ? `${(old / 1000).toFixed(1)} s ago` : "";
}

function pause() {
  state.paused = !state.paused;
  byId("pause").setAttribute("aria-pressed", String(state.paused));
  byId("pause").textContent = state.paused ? "Go on" : "Pause";
  age();
  tick();
}

async function retry(id) {
  await act(`/payments/${encodeURIComponent(id)}/retry`);
  await card.open(id);
}

function retryAll() {
  return act("/parked/retry");
}

async function act(path) {
  try {
    await ask(path, { act: true });
  } catch (error) {
    verdict("degraded", `That was not done: ${error.message}`);
  }
  await tick();
}

byId("pause").addEventListener("click", pause);
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const digits = byId("find").value.trim().toLowerCase();
  if (digits) card.open(digits);
});
document.addEventListener("visibilitychange", tick);
listen({ close: () => card.close(), pause });
setInterval(() => { age(); tick(); }, EVERY_MS);
tick();
