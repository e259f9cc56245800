import { DEFAULT_LEASE_TTL_MS, MergeRole, type Store, systemClock } from "@krm/core";
import { openRedisStore } from "@krm/redis-store";
import { logger, serve, stop } from "./serve.ts";
import { SCOPE } from "./simulated-cluster.ts";

// The merger as a process of its own.
let store: Store | undefined;
let running: Promise<void> | undefined;
let commits = 0;

const procedures = {
  /** Resolves when it has the role. */
  async open(target: string): Promise<void> {
    store = await openRedisStore({ target, logger });
    const { promise, resolve } = Promise.withResolvers<void>();
    const role = new MergeRole({
      store: store.scope(SCOPE),
      manifest: store.manifest,
      lease: { holder: "merger", ttlMs: DEFAULT_LEASE_TTL_MS },
      clock: systemClock,
      logger,
      random: Math.random,
      onStanding: (standing) => standing === "holding" && resolve(),
      onCommit: () => commits++,
    });
    running = role.run(stop.signal);
    await Promise.race([promise, running]);
  },

  /** Commits since the last call. */
  commits(): number {
    const made = commits;
    commits = 0;
    return made;
  },
};

export type Merger = typeof procedures;

serve(procedures, async () => {
  await running;
  await store?.[Symbol.asyncDispose]();
});
