// What the load scripts share: posting a payment, and figures by slice of the time in which it was sent.
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';

const sliceSeconds = Number(__ENV.SLICE_SECONDS || 5);
const url = `${__ENV.URL || 'http://127.0.0.1:9999'}/payments`;
const headers = { 'Content-Type': 'application/json' };
const accepted = new Counter('accepted');

export const seconds = Number(__ENV.SECONDS || 60);

// Parameters by slice, made once: a tag on each request, and a threshold on each tag, without which k6 reports none.
const slices = Array.from({ length: Math.ceil(seconds / sliceSeconds) }, (_, number) => `${number * sliceSeconds}`);
const parameters = slices.map((slice) => ({ headers, timeout: '1500ms', tags: { slice } }));

export const figures = {
  summaryTrendStats: ['p(50)', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'max', 'count'],
  thresholds: Object.fromEntries(slices.map((slice) => [`http_req_duration{slice:${slice}}`, ['max>=0']])),
};

// Posts a payment with a new id; an id that is not accepted is logged with the status, 0 for none.
export function post() {
  const slice = Math.floor(exec.instance.currentTestRunDuration / 1000 / sliceSeconds);
  const correlationId = crypto.randomUUID();
  const body = JSON.stringify({ correlationId, amount: 19.9 });
  const response = http.post(url, body, parameters[Math.min(slice, parameters.length - 1)]);
  if (response.status >= 200 && response.status < 300) accepted.add(1);
  else console.log(`${response.status} ${correlationId}`);
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY || 'stdout']: JSON.stringify(data.metrics) };
}
