import { type MetricInfo, type MetricName, METRICS, type Telemetry } from "@krm/core";

/** Measures something to every metric of core. */
export function measureAll(telemetry: Telemetry): void {
  for (const name of Object.keys(METRICS) as MetricName[]) {
    const { type, labels: names }: MetricInfo = METRICS[name];
    const labels = Object.fromEntries(names.map((label) => [label, "x"]));
    // The compiler cannot follow which metric it is.
    if (type === "counter") telemetry.add(name as never, labels);
    else if (type === "gauge") telemetry.set(name as never, labels, 1);
    else telemetry.observe(name as never, labels, 1);
  }
}
