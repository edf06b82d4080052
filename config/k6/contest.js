// The contest's load: virtual users come evenly, each posts a payment, waits for the answer, and pauses for a second.
//
// k6 run -e USERS=550 -e SECONDS=60 -e SUMMARY=result.json config/k6/contest.js
// Set the processors' delays and failures beside it; this is the clients' side alone.
import http from 'k6/http';
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';

const users = Number(__ENV.USERS || 550);
const seconds = Number(__ENV.SECONDS || 60);
const url = `${__ENV.URL || 'http://127.0.0.1:9999'}/payments`;
const parameters = { headers: { 'Content-Type': 'application/json' }, timeout: '1500ms' };
const accepted = new Counter('accepted');

export const options = {
  summaryTrendStats: ['avg', 'p(50)', 'p(95)', 'p(99)', 'max', 'count'],
  scenarios: {
    payments: {
      executor: 'ramping-vus',
      startVUs: 1,
      stages: [{ duration: `${seconds}s`, target: users }],
      gracefulStop: '3s',
      gracefulRampDown: '0s',
    },
  },
};

export default function () {
  const body = JSON.stringify({ correlationId: crypto.randomUUID(), amount: 19.9 });
  const response = http.post(url, body, parameters);
  if (response.status >= 200 && response.status < 300) accepted.add(1);
  sleep(1);
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY || 'stdout']: JSON.stringify(data.metrics) };
}
