import { MemoryStore, Monitor, PODS } from "@krm/core";
import { describe, expect, test } from "vitest";
import { pod, settle, until } from "./support.ts";
import { apiError, open, watching, world, type World } from "./world.ts";

/** A monitor that was stopped, and what it left. */
async function stopped(
  source: Parameters<typeof world>[1],
): Promise<{ readonly w: World; readonly store: MemoryStore; readonly again: () => Monitor }> {
  const store = new MemoryStore();
  const w = world({ store }, source);
  await watching(w);
  pod(w.cluster, "last");
  await until(w.equal, "the view follows");
  await w.monitor.stop();
  const again = (): Monitor => {
    const options = { store, clock: w.clock, resources: [PODS], random: () => 0.5, pageSize: 2 };
    const monitor = new Monitor({ ...options, source: w.source, verifyEveryMs: 86_400_000 });
    open.push(monitor.start());
    return monitor;
  };
  return { w, store, again };
}

describe.for([{ streamingLists: false }, { streamingLists: true }])("a monitor that starts again, %o", (lists) => {
  test("watches on from the position that the store holds: nothing is listed, and nothing unchanged is written", async () => {
    const asked: (string | undefined)[] = [];
    const { w, store, again } = await stopped({
      ...lists,
      beforeRequest: (request) => {
        if (request.verb === "watch") asked.push(request.request.resourceVersion);
      },
    });
    const scope = store.scope({ resource: PODS });
    const { cursor, streamedThrough } = await scope.meta();
    asked.splice(0);
    const { list } = w.source.requests;
    pod(w.cluster, "meanwhile");
    again();
    await until(w.equal, "the view follows");
    expect(asked).toEqual([streamedThrough]);
    expect(w.source.requests.list).toBe(list);
    for await (const batch of scope.changes({ since: cursor })) {
      expect(batch.type === "changes" && batch.entries.map(({ change }) => change.type)).toEqual(["set"]);
      break;
    }
  });

  test("after its position was compacted lists, counts the gap, and writes only what has changed", async () => {
    const { w, store, again } = await stopped(lists);
    const scope = store.scope({ resource: PODS });
    const { cursor } = await scope.meta();
    pod(w.cluster, "meanwhile");
    w.cluster.delete(PODS, "team-a", "p0");
    w.cluster.compact();
    again();
    await until(w.equal, "the view follows");
    for await (const batch of scope.changes({ since: cursor })) {
      const told = batch.type === "changes" && batch.entries.map(({ change }) => `${change.type} ${change.origin}`);
      expect(told).toEqual(["set list", "removed list"]);
      break;
    }
    await w.clock.advance(1000);
    await settle();
    expect((await scope.reports()).streamer).toMatchObject({ desyncs: { expired: 1 }, lists: 1 });
  });

  test("trap 5: before a server that lags behind waits for it, and shows nothing older than it had shown", async () => {
    let behind = true;
    const { w, store, again } = await stopped(lists);
    const scope = store.scope({ resource: PODS });
    const { version } = await scope.meta();
    const { listWatch } = w.source;
    w.source.listWatch = (of) => {
      const inner = listWatch.call(w.source, of);
      return {
        ...inner,
        watch: async (request, options) => {
          if (behind) throw apiError({ code: 504, reason: "Timeout", message: "Too large resource version" });
          return inner.watch(request, options);
        },
      };
    };
    const { list } = w.source.requests;
    again();
    await w.clock.advance(20_000);
    await settle();
    expect((await scope.meta()).version).toBe(version);
    behind = false;
    pod(w.cluster, "later");
    await w.clock.advance(30_000);
    await until(w.equal, "the view follows");
    expect(w.source.requests.list).toBe(list);
  });
});
