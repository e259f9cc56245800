import type { Store } from "@krm/core";
import { afterEach, describe } from "vitest";
import type { StoreBackend, StoreUnderTest } from "./backend.ts";
import { changesTests } from "./changes-tests.ts";
import { SCOPE } from "./fixtures.ts";
import { historyTests } from "./history-tests.ts";
import { leaseTests } from "./lease-tests.ts";
import { lifecycleTests } from "./lifecycle-tests.ts";
import { logTests } from "./log-tests.ts";
import { takeoverTests } from "./takeover-tests.ts";
import { viewTests } from "./view-tests.ts";
import { type WritableScope, writableScope } from "./writable-scope.ts";

/** What the tests of one concern work with. */
export interface Harness {
  /** A store on the test's backend. */
  readonly open: () => Promise<Store>;
  /** Its usual scope. */
  readonly scope: () => Promise<WritableScope>;
}

/**
 * Holds a store against the contract of the port, with vitest: lifecycle, leases and fencing, input logs, view, feed,
 * odd bytes, big sets, random histories. What the manifest claims decides what is tested; nothing can be switched off.
 *
 * It does not see what only a crash or a network shows (a write that is half done when the process dies, a reader on a
 * stale replica): a backend tests those itself.
 *
 * @example
 * import { storeConformance } from "@krm/testkit/store-conformance";
 *
 * storeConformance({
 *   name: "MyStore",
 *   create: async () => {
 *     const folder = await mkdtemp(join(tmpdir(), "my-store-"));
 *     return { open: async () => new MyStore(folder), destroy: () => rm(folder, { recursive: true }) };
 *   },
 * });
 */
export function storeConformance(tested: StoreUnderTest): void {
  describe(`${tested.name}: the store port`, () => {
    let backend: StoreBackend | undefined;
    const stores: Store[] = [];
    const open = async (): Promise<Store> => {
      backend ??= await tested.create();
      const store = await backend.open();
      stores.push(store);
      return store;
    };
    const harness: Harness = { open, scope: async () => writableScope((await open()).scope(SCOPE)) };
    afterEach(async () => {
      for (const store of stores.splice(0)) await store[Symbol.asyncDispose]();
      await backend?.destroy();
      backend = undefined;
    });
    lifecycleTests(harness);
    leaseTests(harness);
    logTests(harness);
    takeoverTests(harness);
    viewTests(harness);
    changesTests(harness);
    historyTests(harness);
  });
}
