/* Asking the API, with the administrator's token where it is asked for. */

import { byId } from "./dom.js";

const TOKEN = "rinha-token";
const TIMEOUT_MS = 8000;

let asking = null;

/** An answer that is none; `status` is 0 if nobody answered. */
export class NoAnswer extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** Ask, and give back the JSON. With `act`, do something: a POST that no foreign page can send. */
export async function ask(path, { act = false } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (act) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method: act ? "POST" : "GET", headers, body: act ? "{}" : undefined, cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new NoAnswer(0, error.name === "TimeoutError" ? `no answer within ${TIMEOUT_MS / 1000} s` : "nobody answers");
  }
  if (response.status === 401) {
    await askForToken(token);
    return ask(path, { act });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new NoAnswer(response.status, body.detail ?? body.title ?? `HTTP ${response.status}`);
  return body;
}

/** Ask the person, once however many questions wait; and again if what they gave is not the one. */
function askForToken(refused) {
  if (sessionStorage.getItem(TOKEN) !== refused) return Promise.resolve();
  asking ??= new Promise((resolve) => {
    const dialog = byId("token");
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(TOKEN, byId("secret").value);
      byId("secret").value = "";
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}
