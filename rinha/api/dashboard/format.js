/* Figures as people read them; the same rules as the commands'. */

export const count = (number) => Math.round(number ?? 0).toLocaleString("en");
export const rate = (perS) => (perS === null ? "–" : perS >= 100 ? count(perS) : String(Math.round((perS ?? 0) * 10) / 10));
export const money = (cents) => ((cents ?? 0) / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const percent = (bps) => `${bps / 100} %`;
export const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
export const short = (id) => `${id.slice(0, 8)}…`;

/** A duration of milliseconds, with two or three figures. */
export function ms(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1000) return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
  const seconds = value / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long ago an instant was, by the system's own clock. */
export const since = (instantMs, nowMs) => (instantMs ? ms(Math.max(0, nowMs - instantMs)) : "–");

/** An instant of today: the time of day, in UTC as everywhere in the system. */
export const instant = (atMs) => (atMs ? new Date(atMs).toISOString().slice(11, 23) + "Z" : "–");
