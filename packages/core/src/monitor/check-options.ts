import { KrmError } from "../errors.ts";
import type { MonitorOptions } from "./monitor.ts";

/** Every option, so that the compiler keeps this in step with the interface. */
const CHECKS: Record<keyof MonitorOptions, ((value: unknown) => string | undefined) | undefined> = {
  source: (value) =>
    typeof (value as { listWatch?: unknown } | null | undefined)?.listWatch === "function"
      ? undefined
      : "give an object with listWatch(scope), such as a KubernetesSource",
  store: undefined,
  resources: list,
  namespaces: list,
  scopes: undefined,
  verifyEveryMs: duration,
  verifyBudgetPerHour: count,
  pollEveryMs: duration,
  pageSize: count,
  concurrentLists: count,
  leaseTtlMs: duration,
  backoff: undefined,
  queue: undefined,
  staleness: undefined,
  clock: undefined,
  eventLoop: undefined,
  random: undefined,
  logger: undefined,
  telemetry: undefined,
  trace: undefined,
};

/**
 * Refuses what would make a Monitor do nothing, or ask the API server without a pause.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` that names the option and what it takes.
 */
export function checkMonitorOptions(options: MonitorOptions): void {
  for (const name of Object.keys(options))
    if (!Object.hasOwn(CHECKS, name))
      throw new KrmError("KRM_INVALID_ARGUMENT", `a Monitor has no option ${JSON.stringify(name)}`, {
        hint: `It has ${Object.keys(CHECKS).join(", ")}.`,
      });
  for (const name of Object.keys(CHECKS) as (keyof MonitorOptions)[]) {
    const value: unknown = options[name];
    if (value === undefined && name !== "source") continue;
    const wrong = CHECKS[name]?.(value);
    if (wrong !== undefined)
      throw new KrmError("KRM_INVALID_ARGUMENT", `the Monitor's ${name} cannot be used: ${wrong}`);
  }
}

function duration(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return undefined;
  return `it is ${String(value)}; give milliseconds above 0`;
}

function count(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? undefined : `it is ${String(value)}; give 1 or more`;
}

function list(value: unknown): string | undefined {
  if (!Array.isArray(value)) return "give an array";
  return value.length > 0 ? undefined : "it is empty, so nothing would be watched; leave it out for the default";
}
