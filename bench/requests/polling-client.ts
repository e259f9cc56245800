import { serve, stop } from "../redis/serve.ts";
import { kubeConfigOf, listedResources } from "./client-node.ts";

const EVERY_MS = 10_000;

// What lists everything every 10 s, as dashboards do.
const held = new Map<string, number>();

const procedures = {
  async start(kubeconfig: string): Promise<void> {
    for (const { path, list } of listedResources(kubeConfigOf(kubeconfig))) {
      const poll = async (): Promise<void> => {
        const { items } = await list();
        held.set(path, items.length);
      };
      await poll();
      const timer = setInterval(() => void poll(), EVERY_MS);
      stop.signal.addEventListener("abort", () => clearInterval(timer));
    }
  },
  holds: () => ({ objects: [...held.values()].reduce((sum, count) => sum + count, 0) }),
};

serve(procedures, async () => {});
