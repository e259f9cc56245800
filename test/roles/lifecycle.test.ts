import { KrmError, MemoryStore, Monitor, type RolePhase } from "@krm/core";
import { ClusterSource, type ClusterSourceOptions, SimCluster } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { settle, until } from "./support.ts";
import { apiError, gone, open, watching, world, type World } from "./world.ts";
import { tamperedStore } from "./tampered-store.ts";

test("stop ends everything, and ready says that it will not come", async () => {
  const w = world(
    {},
    {
      beforeRequest: () => {
        throw apiError({ code: 500 });
      },
    },
  );
  w.monitor.start();
  const ready = w.monitor.ready();
  await settle();
  await w.monitor.stop();
  await expect(ready).rejects.toMatchObject({ code: "KRM_NOT_READY" });
  expect(w.clock.pending).toBe(0);
});

/** Nothing sleeps, nothing is open, and time brings nothing more. */
async function ended(w: World): Promise<void> {
  expect(w.clock.pending).toBe(0);
  expect(w.source.openWatches).toBe(0);
  const before = { ...w.source.requests };
  await w.clock.advance(3_600_000);
  await settle();
  expect(w.source.requests).toEqual(before);
}

/** How to bring a streamer into each of its phases. */
const phases: Record<
  Exclude<RolePhase["phase"], "idle" | "stopped" | "waiting"> | "syncing" | "verifying" | "verification-queued",
  { readonly before?: ClusterSourceOptions["beforeRequest"]; readonly reach?: (w: World) => Promise<void> }
> = {
  syncing: { before: () => new Promise(() => {}) },
  listing: {
    before: ({ verb }) => {
      if (verb === "list") return new Promise(() => {});
    },
  },
  connecting: {
    before: ({ verb }) => {
      if (verb === "watch") return new Promise(() => {});
    },
  },
  watching: { reach: watching },
  "backing-off": {
    before: () => {
      throw apiError({ code: 500 });
    },
  },
  blocked: {
    before: () => {
      throw apiError({ code: 403 });
    },
  },
  polling: {
    before: ({ verb }) => {
      if (verb === "watch") throw apiError({ code: 405 });
    },
  },
  verifying: {
    reach: async (w) => {
      await watching(w);
      held = true;
      w.monitor.verifyNow();
      await until(() => w.source.requests.listMetadata === 1, "it lists");
    },
    before: ({ verb }) => {
      if (verb === "listMetadata" && held) return new Promise(() => {});
    },
  },
  "verification-queued": {
    reach: async (w) => {
      await watching(w);
      held = true;
      w.monitor.verifyNow();
      w.source.failWatches(gone);
      await until(
        () => w.source.requests.listMetadata + w.source.requests.list === 4,
        "one lists, the other waits for its turn",
      );
    },
    before: ({ verb }) => {
      if ((verb === "list" || verb === "listMetadata") && held) return new Promise(() => {});
    },
  },
};
let held = false;

describe("stop", () => {
  for (const [phase, { before, reach }] of Object.entries(phases))
    for (const how of ["stop", "signal"] as const)
      test(`by ${how}, while ${phase}: everything ends, and the store is told`, async () => {
        held = false;
        const store = new MemoryStore();
        const w = world({ store, concurrentLists: 1 }, before === undefined ? {} : { beforeRequest: before });
        const abort = new AbortController();
        const start = w.monitor.start.bind(w.monitor);
        w.monitor.start = () => start({ signal: abort.signal });
        if (reach === undefined) {
          w.monitor.start();
          await settle();
          await w.clock.advance(100);
        } else await reach(w);
        if (how === "stop") await w.monitor.stop();
        else {
          abort.abort();
          await w.monitor.done;
        }
        expect((await w.streamer()).state.phase).toBe("stopped");
        await ended(w);
      });

  test("before the start: ready says that it will not come, and a start comes to nothing", async () => {
    const w = world();
    const ready = w.monitor.ready();
    await w.monitor.stop();
    await expect(ready).rejects.toMatchObject({ code: "KRM_NOT_READY" });
    w.monitor.start();
    await w.monitor.done;
    expect(w.source.requests).toMatchObject({ list: 0, listMetadata: 0, watch: 0, get: 0 });
    await ended(w);
  });

  test("twice, and at once, is the same as once", async () => {
    const w = world();
    await watching(w);
    await Promise.all([w.monitor.stop(), w.monitor.stop()]);
    await w.monitor.stop();
    await ended(w);
  });
});

describe("start", () => {
  test("with a signal that has aborted ends at once", async () => {
    const w = world();
    w.monitor.start({ signal: AbortSignal.abort() });
    await w.monitor.done;
    await expect(w.monitor.ready()).rejects.toMatchObject({ code: "KRM_NOT_READY" });
    expect(w.source.requests).toMatchObject({ list: 0, listMetadata: 0, watch: 0, get: 0 });
    await ended(w);
  });

  test("a second time is refused", async () => {
    const w = world();
    await watching(w);
    expect(() => w.monitor.start()).toThrow("started before");
  });
});

describe("ready", () => {
  test("can be given up without ending anything", async () => {
    const w = world(
      {},
      {
        beforeRequest: () => {
          if (held) throw apiError({ code: 500 });
        },
      },
    );
    held = true;
    w.monitor.start();
    const abort = new AbortController();
    const ready = w.monitor.ready({ signal: abort.signal });
    await settle();
    abort.abort(new Error("enough"));
    await expect(ready).rejects.toThrow("enough");
    held = false;
    await w.clock.advance(10_000);
    await w.monitor.ready();
    expect(await w.equal()).toBe(true);
  });

  test("tells why the monitor ended first", async () => {
    const cause = new KrmError("KRM_STORE_CLOSED", "somebody closed it");
    const store = tamperedStore({
      commit: async () => {
        throw cause;
      },
    });
    const w = world({ store });
    w.monitor.start();
    await expect(w.monitor.ready()).rejects.toMatchObject({ code: "KRM_NOT_READY", cause });
    await expect(w.monitor.done).rejects.toBe(cause);
    open.splice(0);
  });
});

describe("a Monitor refuses", () => {
  const cases: { readonly options: object; readonly named: string }[] = [
    { options: { verifyEveryMs: 0 }, named: "verifyEveryMs" },
    { options: { verifyEveryMs: Number.NaN }, named: "verifyEveryMs" },
    { options: { pollEveryMs: Number.POSITIVE_INFINITY }, named: "pollEveryMs" },
    { options: { pageSize: 0.5 }, named: "pageSize" },
    { options: { concurrentLists: 0 }, named: "concurrentLists" },
    { options: { namespaces: [] }, named: "namespaces" },
    { options: { resources: [] }, named: "resources" },
    { options: { source: {} }, named: "source" },
    { options: { verifyEvery: 1000 }, named: "verifyEvery" },
  ];
  test.for(cases)("$options, by name", ({ options, named }) => {
    const source = new ClusterSource({ cluster: new SimCluster() });
    expect(() => new Monitor({ source, ...options })).toThrow(
      expect.objectContaining({ code: "KRM_INVALID_ARGUMENT", message: expect.stringContaining(named) }),
    );
  });
});
