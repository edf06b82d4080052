// A steady rate of payments, each sent when it is due, whether or not earlier ones have been answered.
//
// k6 run -e RATE=1000 -e SECONDS=15 config/k6/rate.js
// `from_due` is the time from the instant at which a payment was due to its answer: what k6 itself was late with counts,
// so a stall counts for all that were due in it, not only for the one that was under way.
import exec from 'k6/execution';
import http from 'k6/http';
import { Trend } from 'k6/metrics';
import { base, count, newId, seconds, sliceAt, thresholds, trendStats } from './payments.js';

const rate = Number(__ENV.RATE || 500);
const fromDue = new Trend('from_due', true);
const headers = { 'Content-Type': 'application/json' };

export const options = {
  summaryTrendStats: trendStats,
  thresholds: { ...thresholds('http_req_duration'), ...thresholds('from_due') },
  scenarios: {
    payments: {
      executor: 'constant-arrival-rate',
      rate,
      duration: `${seconds}s`,
      preAllocatedVUs: 200,
      maxVUs: 1000,
      gracefulStop: '3s',
    },
  },
};

export default function () {
  const dueMs = (exec.scenario.iterationInTest * 1000) / rate;
  const lateMs = Math.max(0, exec.scenario.progress * seconds * 1000 - dueMs);
  const correlationId = newId();
  const body = JSON.stringify({ correlationId, amount: 19.9 });
  const tags = { slice: sliceAt(dueMs) };
  const { status, timings } = http.post(`${base}/payments`, body, { headers, timeout: '1500ms', tags });
  const { blocked, connecting, tls_handshaking: handshaking, duration } = timings;
  fromDue.add(lateMs + blocked + connecting + handshaking + duration, tags);
  count(status, correlationId);
}
