// The contest's load: virtual users come evenly, each posts a payment, waits for the answer, and pauses for a second.
//
// k6 run -e USERS=550 -e SECONDS=60 -e SUMMARY=result.json config/k6/contest.js
// Set the processors' delays and failures beside it; this is the clients' side alone.
import { sleep } from 'k6';
import { figures, post, seconds } from './payments.js';

export { handleSummary } from './payments.js';

export const options = {
  ...figures,
  scenarios: {
    payments: {
      executor: 'ramping-vus',
      startVUs: 1,
      stages: [{ duration: `${seconds}s`, target: Number(__ENV.USERS || 550) }],
      gracefulStop: '3s',
      gracefulRampDown: '0s',
    },
  },
};

export default function () {
  post();
  sleep(1);
}
