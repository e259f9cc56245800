import { Monitor } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import { KubeConfig } from "@kubernetes/client-node";
import { serve } from "../redis/serve.ts";

// KRM embedded, as it comes: only the source is given.
let monitor: Monitor | undefined;

const procedures = {
  async start(kubeconfig: string): Promise<void> {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(kubeconfig);
    monitor = new Monitor({ source: new KubernetesSource({ kubeConfig }) }).start();
    await monitor.ready();
  },
  /** How many objects it holds, and how many verifications it has made. */
  async holds(): Promise<{ readonly objects: number; readonly rounds: number }> {
    const status = (await monitor?.status()) ?? [];
    const sum = (of: (one: (typeof status)[number]) => number): number => status.reduce((all, one) => all + of(one), 0);
    return {
      objects: sum(({ view }) => view.objects),
      rounds: sum(({ reports }) => reports.verifier?.snapshots ?? 0),
    };
  },
};

serve(procedures, async () => monitor?.stop());
