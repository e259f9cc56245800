import { decodeListPage, DEPLOYMENTS, type ListWatch, Monitor, PODS } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { deployment, pod, settle, truth, until, view } from "./support.ts";
import { apiError, gone, open, report, watching, world } from "./world.ts";

describe("honesty", () => {
  test("a relist that takes long makes the view stale, however many pages come", async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    let gated = false;
    const w = world(
      {},
      {
        beforeRequest: async ({ verb }) => {
          if (verb !== "list" || !gated) return;
          const gate = Promise.withResolvers<void>();
          gates.push(gate);
          await gate.promise;
        },
      },
    );
    await watching(w);
    gated = true;
    w.source.failWatches(gone);
    await until(() => gates.length === 1, "the first page is asked for");
    await w.clock.advance(6000);
    gates[0]?.resolve();
    await until(() => gates.length === 2, "the second page is asked for");
    await w.clock.advance(6000);
    await settle();
    expect((await w.streamer()).progress).toMatchObject({ pages: 1 });
    expect((await w.status()).state).toBe("stale");
    gates[1]?.resolve();
    await until(() => gates.length === 3, "the third page is asked for");
    gates[2]?.resolve();
    await until(() => w.source.openWatches === 1, "it watches again");
    await report(w);
    expect((await w.status()).state).toBe("synced");
  });
});

describe("what cannot be read", () => {
  test("law 12: what is forbidden is a state of its own, probed slowly; other resources go on", async () => {
    let forbidden = true;
    const w = world(
      { resources: [PODS, DEPLOYMENTS] },
      {
        beforeRequest: ({ scope }) => {
          if (forbidden && scope.resource.resource === "pods")
            throw apiError({ code: 403, reason: "Forbidden", message: "pods is forbidden" });
        },
      },
    );
    deployment(w.cluster, "web");
    w.monitor.start();
    await until(() => w.source.openWatches === 1, "deployments are watched");
    await report(w);
    const [pods, deployments] = await w.monitor.status();
    expect(pods).toMatchObject({ state: "forbidden", error: { status: 403, message: "no" } });
    expect(deployments).toMatchObject({ state: "synced", view: { objects: 1 } });
    await w.clock.advance(50_000);
    expect(w.source.requests.list).toBe(2);
    forbidden = false;
    await w.clock.advance(50_000);
    await w.monitor.ready();
    expect(await w.equal()).toBe(true);
  });
});

describe("law 8: versions that cannot be ordered", () => {
  test("the resource is listed now and then, never watched; readers get the last list and are told so", async () => {
    const state = { names: ["a", "b"], version: "opaque-1", watches: 0, lists: 0 };
    const scope = { resource: PODS };
    const item = (name: string): string =>
      `{"metadata":{"name":"${name}","namespace":"n","uid":"u-${name}","resourceVersion":"v-${name}"}}`;
    const listWatch: ListWatch = {
      scope,
      list: async () => {
        state.lists++;
        return decodeListPage(
          Buffer.from(
            `{"metadata":{"resourceVersion":"${state.version}"},"items":[${state.names.map(item).join(",")}]}`,
          ),
        );
      },
      watch: ({ initialEvents }) => {
        if (initialEvents !== true) state.watches++;
        throw new Error("no watch of this");
      },
      get: async () => undefined,
    };
    const clock = new ManualClock();
    const monitor = new Monitor({ source: { listWatch: () => listWatch }, clock, resources: [PODS] });
    open.push(monitor.start());
    await monitor.ready();
    expect(Object.keys(await view(monitor.store, scope))).toEqual(["n/a", "n/b"]);
    state.names = ["b", "c"];
    state.version = "opaque-0";
    await clock.advance(40_000);
    await until(
      async () => Object.keys(await view(monitor.store, scope)).join() === "n/b,n/c",
      "the next list is the view",
    );
    expect((await monitor.status())[0]).toMatchObject({
      state: "snapshot-only",
      view: { version: "opaque-0", snapshotOnly: true },
    });
    expect(state.watches).toBe(0);
    // Only the polling lists it: there is nothing that a verification could compare.
    const { lists } = state;
    await clock.advance(300_000);
    expect(state.lists - lists).toBe(10);
  });
});

describe("scopes", () => {
  test("law 11: two namespaces are two scopes, each with its own stream", async () => {
    const w = world({ namespaces: ["team-a", "team-b"] });
    pod(w.cluster, "b0", "team-b");
    w.monitor.start();
    await w.monitor.ready();
    await until(() => w.source.openWatches === 2, "both are watched");
    for (const namespace of ["team-a", "team-b"])
      expect(await view(w.monitor.store, { resource: PODS, namespace })).toEqual(truth(w.cluster, PODS, namespace));
  });
});
