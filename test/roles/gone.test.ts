import { KrmError, PODS } from "@krm/core";
import { describe, expect, test } from "vitest";
import { pod, settle, until, view } from "./support.ts";
import { apiError, report, watching, world, type World } from "./world.ts";

/** A probe comes each 75 s: 60 s and half of a half of it by chance. */
const PROBE_MS = 75_000;

interface Play {
  readonly w: World;
  /** Requests get 404. */
  gone: boolean;
  /** What discovery says; an error: it does not answer. */
  served: boolean | Error;
}

/** A watched resource that goes away. */
async function going(more: { streamingLists?: boolean } = {}): Promise<Play> {
  const w: World = world(
    { verifyEveryMs: 86_400_000 },
    {
      ...more,
      beforeRequest: () => {
        if (play.gone) throw apiError({ code: 404 });
      },
      served: () => {
        if (typeof play.served === "boolean") return play.served;
        throw play.served;
      },
    },
  );
  const play: Play = { w, gone: false, served: true };
  await watching(w);
  await w.clock.advance(2000);
  play.gone = true;
  w.source.endWatches();
  await until(async () => (await w.status()).state === "gone", "it is told");
  return play;
}

async function probes(w: World, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await w.clock.advance(PROBE_MS);
    await settle();
  }
}

describe("a resource that answers 404", () => {
  test.for([{ streamingLists: false }, { streamingLists: true }])(
    "and that discovery does not name at two probes in a row has no objects any more, %o",
    async (lists) => {
      const play = await going(lists);
      const { w } = play;
      const scope = w.monitor.store.scope({ resource: PODS });
      const { cursor, version } = await scope.meta();
      play.served = false;
      await settle();
      expect(w.source.requests.served).toBe(0);
      await probes(w, 1);
      expect(w.source.requests.served).toBe(1);
      expect(await w.status()).toMatchObject({ state: "gone", view: { objects: 5 } });
      await probes(w, 1);
      expect(await w.status()).toMatchObject({ state: "gone", view: { objects: 0, version } });
      for await (const batch of scope.changes({ since: cursor })) {
        expect(batch.type === "changes" && batch.entries.map(({ change }) => change.type)).toEqual(
          Array.from({ length: 5 }, () => "removed"),
        );
        break;
      }
      // It stays gone, and is told once.
      await probes(w, 5);
      await report(w);
      expect(await w.status()).toMatchObject({ state: "gone", view: { objects: 0 } });
      expect(await w.streamer()).toMatchObject({ emptied: 1 });
      // Served again: a list.
      play.gone = false;
      pod(w.cluster, "again");
      await probes(w, 1);
      await until(w.equal, "the view is the cluster");
      await report(w);
      expect((await w.streamer()).lists).toBe(2);
    },
  );

  test("has no objects any more, also where a verification was ahead of the stream", async () => {
    let missing = false;
    const w = world(
      { verifyEveryMs: 86_400_000 },
      {
        tell: () => [],
        beforeRequest: () => {
          if (missing) throw apiError({ code: 404 });
        },
        served: () => false,
      },
    );
    await watching(w);
    pod(w.cluster, "later");
    w.cluster.compact();
    w.monitor.verifyNow();
    for (let i = 0; i < 60 && !(await w.equal()); i++) {
      await w.clock.advance(2000);
      await settle();
    }
    const { horizon, streamedThrough } = (await w.status()).view;
    expect(BigInt(horizon ?? 0)).toBeGreaterThan(BigInt(streamedThrough ?? 0));
    missing = true;
    w.source.endWatches();
    await settle();
    await probes(w, 2);
    expect(await w.status()).toMatchObject({ state: "gone", view: { objects: 0 } });
  });

  const kept: { readonly what: string; readonly served: readonly (boolean | Error)[] }[] = [
    { what: "names", served: [true, true, true, true] },
    { what: "names every other time", served: [false, true, false, true, false] },
    { what: "cannot be reached for", served: [503, 503, 503].map((code) => apiError({ code })) },
    { what: "answers every other time about", served: [false, new KrmError("KRM_CONNECTION", "reset"), false] },
  ];
  test.for(kept)("and that discovery $what keeps its objects", async ({ served }) => {
    const play = await going();
    const before = await view(play.w.monitor.store, { resource: PODS });
    for (const answer of served) {
      play.served = answer;
      await probes(play.w, 1);
    }
    expect(play.w.source.requests.served).toBe(served.length);
    expect(await view(play.w.monitor.store, { resource: PODS })).toEqual(before);
    expect((await play.w.status()).state).toBe("gone");
    play.gone = false;
    await probes(play.w, 1);
    await until(() => play.w.source.openWatches > 0, "it is watched");
    expect((await play.w.streamer()).lists).toBe(1);
  });

  test("now and then, with other answers between, keeps its objects", async () => {
    const play = await going();
    play.served = false;
    for (let i = 0; i < 4; i++) {
      await probes(play.w, 1);
      play.gone = false;
      await probes(play.w, 1);
      await until(() => play.w.source.openWatches === 1, "it is watched");
      await play.w.clock.advance(2000);
      play.gone = true;
      play.w.source.endWatches();
      await settle();
    }
    expect(play.w.source.requests.served).toBe(4);
    expect((await play.w.status()).view.objects).toBe(5);
  });

  test("and whose discovery does not answer is probed all the same, and keeps its objects", async () => {
    let missing = false;
    let asked = 0;
    const w = world(
      { verifyEveryMs: 86_400_000 },
      {
        beforeRequest: () => {
          if (missing) throw apiError({ code: 404 });
        },
        served: () => {
          asked++;
          return new Promise<boolean>(() => {});
        },
      },
    );
    await watching(w);
    missing = true;
    await w.clock.advance(2000);
    w.source.endWatches();
    await settle();
    // Discovery is given up after 30 s.
    await w.clock.advance(2 * (PROBE_MS + 30_000) + PROBE_MS);
    await settle();
    expect(asked).toBe(3);
    missing = false;
    await w.clock.advance(PROBE_MS + 30_000);
    await until(() => w.source.openWatches > 0, "it is watched");
    expect((await w.status()).view.objects).toBe(5);
  });
});
