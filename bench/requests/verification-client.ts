import { type ListWatchSource, Monitor, PODS, type ResourceVersion, compareResourceVersions } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import { serve } from "../redis/serve.ts";
import { kubeConfigOf } from "./client-node.ts";

/** Longer than the bench: verifications come when asked for. */
const NEVER_MS = 86_400_000;

// A Monitor of pods whose verifications are measured.
let monitor: Monitor | undefined;

/** The same API server, but as one that cannot list without bodies. */
function withoutMetadata(source: ListWatchSource): ListWatchSource {
  return {
    listWatch(scope) {
      const whole = source.listWatch(scope);
      return {
        scope,
        list: async (request, options) => whole.list(request, options),
        watch: async (request, options) => whole.watch(request, options),
        get: async (key, options) => whole.get(key, options),
      };
    },
  };
}

const procedures = {
  /** `budget`: requests an hour. With few of them a round asks for one object by name, with many for a hundred. */
  async start(kubeconfig: string, metadata: boolean, budget: number): Promise<void> {
    const source = new KubernetesSource({ kubeConfig: kubeConfigOf(kubeconfig) });
    monitor = new Monitor({
      source: metadata ? source : withoutMetadata(source),
      resources: [PODS],
      verifyEveryMs: NEVER_MS,
      verifyBudgetPerHour: budget,
    }).start();
    await monitor.ready();
  },
  /** Resolves when the view has come to this version. */
  async shows(version: string): Promise<void> {
    const scope = monitor?.store.scope({ resource: PODS });
    for (;;) {
      const { streamedThrough } = (await scope?.meta()) ?? {};
      if (streamedThrough !== undefined && compareResourceVersions(streamedThrough, version as ResourceVersion) >= 0)
        return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
  /** One verification; in which mode, with how many requests. */
  async verify(): Promise<{ readonly mode: string; readonly requests: number; readonly asked: number }> {
    const verified = Promise.withResolvers<string>();
    const report = async () => (await monitor?.status())?.[0]?.reports.verifier;
    const before = await report();
    monitor?.events.once("verified", (_, verdict) => verified.resolve(verdict.result));
    monitor?.verifyNow();
    const result = await verified.promise;
    if (result !== "consistent") throw new Error(`a verification of what does not change was ${result}`);
    // Reports of counters come a little later than what they count.
    await new Promise((resolve) => setTimeout(resolve, 600));
    const after = await report();
    if (after === undefined || after.mode === undefined) throw new Error("there is no report of the verification");
    return {
      mode: after.mode,
      requests: after.requests - (before?.requests ?? 0),
      asked: after.asked - (before?.asked ?? 0),
    };
  },
};
export type VerificationClient = typeof procedures;

serve(procedures, async () => monitor?.stop());
