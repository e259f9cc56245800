import type { Role, Scope, Telemetry } from "@krm/core";
import { collectDefaultMetrics, Registry } from "prom-client";
import { PrometheusTelemetry } from "./prometheus-telemetry.ts";

/** What a process measures of itself and of its roles. */
export interface ProcessMetrics extends Disposable {
  readonly registry: Registry;
  /** Where the roles of a scope measure to. */
  readonly telemetry: (scope: Scope) => Telemetry;
}

/** Begins to measure a process with these roles: what every Node.js process tells, and what the roles do. */
export function processMetrics(roles: readonly Role[]): ProcessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { scope: telemetry } = new PrometheusTelemetry(registry, roles);
  return { registry, telemetry, [Symbol.dispose]: () => registry.clear() };
}
