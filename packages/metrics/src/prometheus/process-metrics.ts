import { type Clock, type Role, type Scope, systemClock, type Telemetry } from "@krm/core";
import { collectDefaultMetrics, Registry } from "prom-client";
import { keepLag } from "./event-loop-lag.ts";
import { PrometheusTelemetry } from "./prometheus-telemetry.ts";

/** What a process measures of itself and of its roles. */
export interface ProcessMetrics extends Disposable {
  readonly registry: Registry;
  /** Where the roles of a scope measure to. */
  readonly telemetry: (scope: Scope) => Telemetry;
}

/** Gauges with the name of a counter, and sums of what is told by type beside them. */
const MISNAMED = ["nodejs_active_resources_total", "nodejs_active_handles_total", "nodejs_active_requests_total"];

/** Begins to measure a process with these roles: what every Node.js process tells, and what the roles do. */
export function processMetrics(roles: readonly Role[], clock: Clock = systemClock): ProcessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  keepLag(registry, clock);
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const { scope: telemetry } = new PrometheusTelemetry(registry, roles);
  return { registry, telemetry, [Symbol.dispose]: () => registry.clear() };
}
