import { setTimeout } from "node:timers/promises";
import { type InputLease, type Leases, type MergerLease, type Role, ROLES, type ScopeStore } from "@krm/core";
import { describe, expect, test } from "vitest";
import { commit, SCOPE, set, STREAMER_REPORT, storedObject } from "./fixtures.ts";
import type { Harness } from "./suite.ts";

const NOWHERE = { epoch: 0, position: undefined };
const heard = { type: "heard", epoch: 0, at: 1 } as const;

async function take<R extends Role>(scope: ScopeStore, role: R, holder: string, ttlMs = 60_000): Promise<Leases[R]> {
  const lease = await scope.acquire(role, { holder, ttlMs });
  if (lease === undefined) throw new Error(`${holder} did not get the role of the ${role}`);
  return lease;
}

/** Everything that a role writes through its lease. */
function writesOf(role: Role, lease: Leases[Role]): (() => Promise<unknown>)[] {
  const common = [
    async () => lease.renew(),
    async () => (lease as { report: (report: unknown) => Promise<void> }).report(STREAMER_REPORT),
  ];
  if (role === "merger") {
    const merger = lease as MergerLease;
    return [...common, async () => merger.commit(commit("99")), async () => merger.skipLogs()];
  }
  const { log } = lease as InputLease<"streamer">;
  return [...common, async () => log.append([heard], NOWHERE)];
}

export function leaseTests({ open }: Harness): void {
  describe("leases", () => {
    for (const role of ROLES) {
      test(`one holds the role of the ${role} at a time, whatever its name`, async () => {
        const scope = (await open()).scope(SCOPE);
        const first = await take(scope, role, "a");
        expect(await scope.acquire(role, { holder: "b", ttlMs: 1000 })).toBeUndefined();
        expect(await scope.acquire(role, { holder: "a", ttlMs: 1000 })).toBeUndefined();
        expect((await scope.reports()).held).toEqual([role]);
        await first[Symbol.asyncDispose]();
        expect((await scope.reports()).held).toEqual([]);
        const second = await take(scope, role, "b");
        expect(second.epoch).toBeGreaterThan(first.epoch);
      });

      test(`who had the role of the ${role} before writes nothing more`, async () => {
        const scope = (await open()).scope(SCOPE);
        const first = await take(scope, role, "a");
        await first[Symbol.asyncDispose]();
        const second = await take(scope, role, "b");
        for (const write of writesOf(role, first))
          await expect(write()).rejects.toMatchObject({ code: "KRM_STORE_CONFLICT" });
        // Giving back what one does not have takes it from nobody.
        await first[Symbol.asyncDispose]();
        for (const write of writesOf(role, second)) await write();
        expect((await scope.meta()).version).toBe(role === "merger" ? "99" : undefined);
      });
    }

    test("different roles, and different scopes, are held side by side", async () => {
      const store = await open();
      const scopes = [store.scope(SCOPE), store.scope({ ...SCOPE, namespace: "a" })];
      for (const scope of scopes) for (const role of ROLES) await take(scope, role, "one");
      for (const scope of scopes) expect((await scope.reports()).held?.toSorted()).toEqual([...ROLES].toSorted());
    });

    test("where processes share the store, a role that is not renewed is free after its term, and one that is stays", async () => {
      const store = await open();
      if (!store.manifest.shared) return;
      const scope = store.scope(SCOPE);
      const other = (await open()).scope(SCOPE);
      const dies = await take(scope, "merger", "dies", 40);
      const lives = await take(scope, "streamer", "lives", 1000);
      let next: MergerLease | undefined;
      while (next === undefined) {
        next = await other.acquire("merger", { holder: "next", ttlMs: 60_000 });
        if (next === undefined) await setTimeout(5);
      }
      await expect(dies.commit(commit("5", set(storedObject("late"))))).rejects.toMatchObject({
        code: "KRM_STORE_CONFLICT",
      });
      await next.commit(commit("4", set(storedObject("a"))));
      expect((await scope.read()).objects.map(({ name }) => name)).toEqual(["a"]);
      await lives.renew();
      expect(await other.acquire("streamer", { holder: "eager", ttlMs: 1000 })).toBeUndefined();
      expect((await other.reports()).held).toEqual(["streamer", "merger"]);
    });

    test("what is asked of a role is told to its holder, once, and outlives its term", async () => {
      const scope = (await open()).scope(SCOPE);
      await scope.ask("streamer", "relist");
      const streamer = await take(scope, "streamer", "a");
      const verifier = await take(scope, "verifier", "a");
      await scope.ask("streamer", "relist");
      await scope.ask("streamer", "resync");
      await scope.ask("verifier", "verify-in-full");
      expect([...(await streamer.renew())].toSorted()).toEqual(["relist", "resync"]);
      expect(await streamer.renew()).toEqual([]);
      expect(await verifier.renew()).toEqual(["verify-in-full"]);
    });
  });
}
