import { hostname } from "node:os";
import { type Clock, LEASES, type Logger, type Scope, type Store } from "@krm/core";
import { type KubernetesSource, KubernetesCanaryLease } from "@krm/kubernetes";
import { Canary, type Delay } from "@krm/metrics";
import { type ProcessMetrics, registerCanaryMetrics } from "@krm/metrics/prometheus";
import type { CanaryFlagOptions } from "../options/canary-flags.ts";

/** What a canary of this process works with. */
export interface CanaryContext {
  readonly source: KubernetesSource;
  readonly store: Store;
  readonly registry: ProcessMetrics["registry"];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onDelay: (scope: Scope, delay: Delay) => void;
}

/** The scope that watches the canary's Lease, where there is one. */
export function canaryScope({ canary, canaryLease }: CanaryFlagOptions): readonly Scope[] {
  return canary === undefined ? [] : [{ resource: LEASES, namespace: canaryLease.namespace }];
}

/** Begins to write the canary's Lease; undefined: that was not asked for. */
export function startCanary(
  flags: CanaryFlagOptions,
  { source, store, registry, clock, logger, onDelay }: CanaryContext,
): (AsyncDisposable & { readonly done: Promise<void> }) | undefined {
  const [scope] = canaryScope(flags);
  if (scope === undefined) return undefined;
  const lease = new KubernetesCanaryLease(source, { ...flags.canaryLease, holder: hostname() });
  const canary = new Canary({ lease, store: store.scope(scope), everyMs: flags.canary, clock, logger, onDelay });
  registerCanaryMetrics(registry, () => canary.report);
  const stop = new AbortController();
  const done = canary.run(stop.signal);
  const nothing = (): void => {};
  // Whoever awaits `done` gets the failure; until then it must not count as unhandled.
  done.catch(nothing);
  return {
    done,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done.catch(nothing);
    },
  };
}
