import { holdRoles, MemoryStore, PODS, silentLogger, systemClock } from "@krm/core";
import { expect, test } from "vitest";

test("who is told to end in the middle of something ends well, and gives the role back", async () => {
  const scope = new MemoryStore().scope({ resource: PODS });
  const stop = new AbortController();
  const begun = Promise.withResolvers<void>();
  const lease = { holder: "one", ttlMs: 60_000 };
  const options = { store: scope, lease, clock: systemClock, logger: silentLogger, random: () => 0 };
  const holding = holdRoles({ ...options, roles: ["merger"] }, stop.signal, async (_held, signal) => {
    begun.resolve();
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  });
  await begun.promise;
  stop.abort();
  await holding;
  expect((await scope.reports()).held).toEqual([]);
});

test("what else goes wrong is told", async () => {
  const scope = new MemoryStore().scope({ resource: PODS });
  const lease = { holder: "one", ttlMs: 60_000 };
  const options = { store: scope, lease, clock: systemClock, logger: silentLogger, random: () => 0 };
  const holding = holdRoles({ ...options, roles: ["merger"] }, new AbortController().signal, async () => {
    throw new TypeError("a bug");
  });
  await expect(holding).rejects.toThrow("a bug");
  expect((await scope.reports()).held).toEqual([]);
});
