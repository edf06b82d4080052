// What the load scripts share: a payment with a new id, and figures by slice of the time in which it was sent.
import { Counter } from 'k6/metrics';

const sliceSeconds = Number(__ENV.SLICE_SECONDS || 5);
const accepted = new Counter('transactions_success');
const failed = new Counter('transactions_failure');

export const base = __ENV.URL || 'http://127.0.0.1:9999';
export const seconds = Number(__ENV.SECONDS || 60);

// A tag on each request, and a threshold on each tag, without which k6 reports none.
const slices = Array.from({ length: Math.ceil(seconds / sliceSeconds) }, (_, number) => `${number * sliceSeconds}`);

export const trendStats = ['p(50)', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'max', 'count'];

export function thresholds(metric) {
  return Object.fromEntries(slices.map((slice) => [`${metric}{slice:${slice}}`, ['max>=0']]));
}

export function sliceAt(milliseconds) {
  return slices[Math.min(Math.floor(milliseconds / 1000 / sliceSeconds), slices.length - 1)];
}

export function newId() {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (letter) => {
    const digit = Math.trunc(Math.random() * 16);
    return (letter === 'x' ? digit : (digit % 4) + 8).toString(16);
  });
}

// Counts an answer; an id that is not accepted is logged with the status, 0 for none.
export function count(status, correlationId) {
  const taken = status >= 200 && status < 300;
  accepted.add(taken ? 1 : 0);
  failed.add(taken ? 0 : 1);
  if (!taken) console.log(`${status} ${correlationId}`);
}
