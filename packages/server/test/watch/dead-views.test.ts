// What happens while a watch is being opened: it ends, or is of the view that there is then.
import { MemoryStore, PODS, type ResourceVersion } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { expect, test } from "vitest";
import { writer } from "../support/fixtures.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { brief, commit, set, settle, thing, watch, type Watching } from "./support.ts";

/** Microtasks between the one and the other. */
const OFFSETS = Array.from({ length: 40 }, (_, i) => i);

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

async function during(
  happens: (at: { hub: WatchHub; to: ReturnType<typeof writer>; stop: AbortController }) => Promise<unknown>,
  offset: number,
  openFirst: boolean,
  check: (watching: Watching, to: ReturnType<typeof writer>) => Promise<void>,
): Promise<void> {
  const store = new MemoryStore();
  const hub = new WatchHub({ store, clock: new ManualClock(), random: () => 0.5 });
  const to = writer(store, { resource: PODS });
  await to.commit(commit(10, [set(thing("a", 5))]));
  await hub.prepare([{ resource: PODS }]);
  const stop = new AbortController();
  const open = async (): Promise<Watching | undefined> =>
    watch(hub, "resourceVersion=10", { signal: stop.signal }).catch(() => undefined);
  const opening = openFirst ? open() : undefined;
  const happening = openFirst ? undefined : happens({ hub, to, stop });
  await microtasks(offset);
  const [watching] = await Promise.all([opening ?? open(), happening ?? happens({ hub, to, stop })]);
  await settle();
  if (watching !== undefined) await check(watching, to);
  expect(hub.counts.open).toBe(watching?.how() === undefined && watching !== undefined ? 1 : 0);
  await hub[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
}

test.each([true, false])("a view that begins anew (the watch comes first: %s)", async (openFirst) => {
  for (const offset of OFFSETS)
    await during(
      async ({ to }) => to.commit(commit(10, [], { epoch: 1, resumeFloor: "10" as ResourceVersion }, true)),
      offset,
      openFirst,
      async ({ sink, how }, to) => {
        if (how() !== undefined) return;
        await to.commit(commit(11, [set(thing("a", 11))], { epoch: 1 }));
        await settle();
        expect(sink.take().map(brief), `after ${offset}`).toEqual(["MODIFIED a@11"]);
      },
    );
});

test.each([true, false])("the server's end, and the signal (the watch comes first: %s)", async (openFirst) => {
  for (const offset of OFFSETS) {
    const ended = async ({ how }: Watching): Promise<void> => expect(how(), `after ${offset}`).toBe("stopped");
    await during(async ({ hub }) => hub[Symbol.asyncDispose](), offset, openFirst, ended);
    await during(async ({ stop }) => stop.abort(), offset, openFirst, ended);
  }
});
