// A steady rate of payments, each sent when it is due, whether or not earlier ones have been answered.
//
// k6 run -e RATE=1000 -e SECONDS=15 -e SUMMARY=result.json config/k6/rate.js
import { figures, post, seconds } from './payments.js';

export { handleSummary } from './payments.js';

export const options = {
  ...figures,
  scenarios: {
    payments: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 500),
      duration: `${seconds}s`,
      preAllocatedVUs: 200,
      maxVUs: 1000,
      gracefulStop: '3s',
    },
  },
};

export default post;
