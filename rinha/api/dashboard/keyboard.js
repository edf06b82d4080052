/* The keys: / searches, j and k go through rows, Enter opens, Esc closes, space pauses. */

import { byId } from "./dom.js";

export function listen({ close, pause }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, dialog");
    if (event.key === "Escape" && !event.target.closest("dialog")) {
      if (typing) event.target.blur();
      else close();
    } else if (typing) {
      return;
    } else if (event.key === "/") {
      event.preventDefault();
      byId("find").focus();
    } else if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
    } else if (event.key === " " && !event.target.closest("button, summary")) {
      event.preventDefault();
      pause();
    }
  });
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}
