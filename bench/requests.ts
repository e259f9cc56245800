/**
 * What reaches the API server: from KRM's Monitor, from @kubernetes/client-node's informer and from a poller, in real
 * time; from KRM over a simulated day; and what one verification costs. Prints tables; see bench/README.md.
 *
 *     npm run bench:requests -- [--minutes 10] [--pods 500] [--events 5] [--days 50,500,5000,10000] [--verify 10000] [--rounds 7]
 *
 * `--minutes 0`, `--days 0` and `--verify 0` leave a part out.
 */
import { parseArgs } from "node:util";
import { measureSideBySide } from "./requests/side-by-side.ts";
import { type Day, simulateDay } from "./requests/simulated-day.ts";
import { clientTable, dayTable, resourceTable, verificationTable } from "./requests/tables.ts";
import { measureVerification } from "./requests/verification-cost.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    pods: { type: "string", default: "500" },
    /** Commits a second in the whole cluster. */
    events: { type: "string", default: "5" },
    /** Objects of the simulated days. */
    days: { type: "string", default: "50,500,5000,10000" },
    /** Pods that are verified. */
    verify: { type: "string", default: "10000" },
    rounds: { type: "string", default: "7" },
  },
});
const [minutes, pods, events, verify, rounds] = [
  values.minutes,
  values.pods,
  values.events,
  values.verify,
  values.rounds,
].map(Number) as [number, number, number, number, number];
const days = values.days.split(",").map(Number);
for (const number of [minutes, pods, events, verify, rounds, ...days])
  if (!(number >= 0)) throw new Error("all options take numbers from 0 on");

/** Requests an hour that verifying one resource may make on average, and a quarter of it beyond that, once. */
const BUDGET = 600;
const HOURS = 24;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

if (minutes > 0) {
  console.error(`${minutes} minutes in real time, ${pods} pods, ${events} commits a second in the cluster`);
  const costs = await measureSideBySide(minutes, pods, events);
  console.log(`\n${minutes} minutes of real time, scaled to an hour.\n\n${resourceTable(costs, minutes)}`);
  console.log(`\n${clientTable(costs, minutes)}\n`);
  for (const name of ["krm", "informer", "polling"] as const) {
    const { holds, resources } = costs[name];
    const [objects, seen] = (["objects", "events"] as const).map((of) =>
      resources.reduce((sum, each) => sum + each[of], 0),
    );
    console.log(`${name}: ${JSON.stringify(holds)}; its cluster: ${objects} objects, ${seen} events`);
  }
}

if (days.some((objects) => objects > 0)) {
  const measured: Day[] = [];
  for (const objects of days)
    for (const churning of [false, true]) {
      const from = performance.now();
      measured.push(await simulateDay(objects, churning));
      console.error(
        `${objects} objects, ${churning ? "churning" : "quiet"}: ${Math.round(performance.now() - from)} ms`,
      );
    }
  console.log(`\n${HOURS} simulated hours of one resource, requests an hour on average.\n\n${dayTable(measured)}`);
  const over = measured.filter(({ verifying }) => verifying * HOURS > BUDGET * (HOURS + 1 / 4));
  console.log(`\nThe budget of ${BUDGET} an hour was ${over.length === 0 ? "kept" : "NOT KEPT"}.`);
  if (over.length > 0) process.exitCode = 1;
}

if (verify > 0) {
  const costs = await measureVerification(verify, rounds);
  console.log(`\nOne verification of ${verify} pods over HTTPS, median of ${rounds}.\n\n${verificationTable(costs)}`);
}
