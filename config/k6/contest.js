// The contest's load, of the same kind as its own script, and as hard on whoever answers: virtual users come evenly, each
// posts a payment from an async function through a wrapper, waits for the answer, and pauses for a second. Auditor, stages and
// users share one process, and every request of the run counts.
//
// k6 run -e USERS=550 -e SECONDS=60 config/k6/contest.js
// DEFAULT_URL and FALLBACK_URL are the processors', for their levers and their books.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { Decimal } from './decimal.js';
import { base, count, newId, seconds, sliceAt, thresholds, trendStats } from './payments.js';
import { Requests } from './requests.js';

// Default's delay in ms and whether it fails, then fallback's; each lasts a sixth of the run.
const stages = [
  [0, false, 0, false],
  [100, false, 0, false],
  [100, true, 0, false],
  [2000, true, 1000, true],
  [20, false, 20, false],
  [0, false, 5000, false],
];
const stageSeconds = seconds / stages.length;
const audit = { fromMs: 15000, toMs: 1500 };

const levers = { 'X-Rinha-Token': __ENV.TOKEN || '123' };
const backend = new Requests(base);
const processors = {
  default: new Requests(__ENV.DEFAULT_URL || 'http://127.0.0.1:8001', levers),
  fallback: new Requests(__ENV.FALLBACK_URL || 'http://127.0.0.1:8002', levers),
};
const names = Object.keys(processors);
const amount = new Decimal('19.90');
const inconsistencies = new Counter('payments_inconsistency');
const settled = Object.fromEntries(names.map((name) => [name, new Counter(`${name}_total_requests`)]));

const once = (number) => ({
  exec: 'setStage',
  executor: 'constant-vus',
  vus: 1,
  startTime: `${Math.max(number * stageSeconds, seconds / 60)}s`,
  duration: '1s',
  env: { STAGE: String(number) },
});

export const options = {
  summaryTrendStats: trendStats,
  thresholds: thresholds('http_req_duration'),
  scenarios: {
    payments: {
      executor: 'ramping-vus',
      exec: 'pay',
      startVUs: 1,
      stages: [{ duration: `${seconds}s`, target: Number(__ENV.USERS || 550) }],
      gracefulRampDown: '0s',
    },
    audit: { executor: 'constant-vus', exec: 'compareBooks', vus: 1, duration: `${seconds}s` },
    ...Object.fromEntries(stages.map((_, number) => [`stage_${number}`, once(number)])),
  },
};

const tags = () => ({ slice: sliceAt(exec.instance.currentTestRunDuration) });

export async function setup() {
  await Promise.all([backend.post('/purge-payments'), ...names.map((name) => processors[name].post('/admin/purge-payments'))]);
  return { from: new Date().toISOString() };
}

export async function pay() {
  const correlationId = newId();
  const body = JSON.stringify({ correlationId, amount: amount.toNumber() });
  const response = await backend.post('/payments', body, { tags: tags() });
  count(response.status, correlationId);
  sleep(1);
}

async function summary(requests, path, window) {
  const response = await requests.get(`${path}?from=${window.from}&to=${window.to}`);
  return response.status === 200 ? response.json() : {};
}

const requestsOf = (document) => (document || {}).totalRequests || 0;

// Opposite differences of two processors cancel, as in the contest.
export async function compareBooks() {
  const now = Date.now();
  const window = { from: new Date(now - audit.fromMs).toISOString(), to: new Date(now - audit.toMs).toISOString() };
  const [ours, ...theirs] = await Promise.all([
    summary(backend, '/payments-summary', window),
    ...names.map((name) => summary(processors[name], '/admin/payments-summary', window)),
  ]);
  const differences = names.map((name, number) => requestsOf(ours[name]) - requestsOf(theirs[number]));
  inconsistencies.add(Math.abs(differences.reduce((sum, each) => sum + each, 0)));
  sleep(stageSeconds);
}

export async function setStage() {
  const [defaultDelay, defaultFails, fallbackDelay, fallbackFails] = stages[Number(__ENV.STAGE)];
  const levers = { default: [defaultDelay, defaultFails], fallback: [fallbackDelay, fallbackFails] };
  for (const [name, [delay, failure]] of Object.entries(levers)) {
    await processors[name].put('/admin/configurations/delay', JSON.stringify({ delay }));
    await processors[name].put('/admin/configurations/failure', JSON.stringify({ failure }));
  }
  sleep(1);
}

export async function teardown(data) {
  const ours = await summary(backend, '/payments-summary', { from: data.from, to: new Date().toISOString() });
  names.forEach((name) => settled[name].add(requestsOf(ours[name])));
}
