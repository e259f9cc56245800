import { PODS, type StoredObject } from "@krm/core";
import { parseFieldSelector, parseLabelSelector } from "@krm/apimachinery";
import { describe, expect, it } from "vitest";
import { representList } from "../src/kubernetes/represent.ts";
import { FieldCache } from "../src/selection/field-cache.ts";
import { takePage } from "../src/selection/page.ts";
import { compile } from "../src/selection/selection.ts";
import { pod } from "./support/fixtures.ts";

const KIB = 1024;

/** Pods of so many bytes each, about, that count how often they are read. */
function pods(
  count: number,
  bytes: number,
): { readonly objects: readonly StoredObject[]; readonly read: () => number } {
  let read = 0;
  const objects = Array.from({ length: count }, (_, at): StoredObject => {
    const one = pod({ name: `p${at}`, labels: { long: "x".repeat(bytes) } });
    return new Proxy(one, {
      get(target, key): unknown {
        if (key === "bytes") read += 1;
        return Reflect.get(target, key, target);
      },
    });
  });
  return { objects, read: () => read };
}

/** What was read within the first turn of a work that is stopped then. */
async function firstTurn(work: (signal: AbortSignal) => Promise<unknown>, read: () => number): Promise<number> {
  const stop = new AbortController();
  const done = work(stop.signal);
  stop.abort(new Error("left"));
  await expect(done).rejects.toThrow("left");
  return read();
}

describe("a turn of the event loop", () => {
  const wanted = (cache: FieldCache): NonNullable<ReturnType<typeof compile>> => {
    const fields = parseFieldSelector("spec.nodeName=node-1", PODS);
    const compiled = compile({ labels: parseLabelSelector(""), fields }, PODS, cache);
    if (compiled === undefined) throw new Error("nothing is selected");
    return compiled;
  };

  it.each([
    [8, 300 * KIB, 1],
    [20_000, 100, 2000],
  ])(
    "of %i objects of %i bytes parses what a few milliseconds allow, and is the last when the reader leaves",
    async (count, bytes, most) => {
      const { objects, read } = pods(count, bytes);
      const cache = new FieldCache();
      const query = { after: undefined, limit: 0, wanted: wanted(cache), cache };
      await firstTurn(async (signal) => takePage(objects, { ...query, signal }), read);
      expect(cache.parsed).toBeGreaterThan(0);
      expect(cache.parsed).toBeLessThanOrEqual(most);
    },
  );

  it.each(["table", "partial-object-metadata-list"] as const)("writes as much of a %s", async (type) => {
    const { objects, read } = pods(8, 300 * KIB);
    const shown = {
      resource: PODS,
      view: { representation: { type, version: "v1" as const }, includeObject: "None" as const },
      now: 0,
      isFromStart: false,
    };
    const meta = { resourceVersion: "1" };
    const count = await firstTurn(async (signal) => representList(shown, objects, meta, signal), read);
    expect(count).toBeLessThanOrEqual(2);
    expect((await representList(shown, objects, meta, new AbortController().signal)).body.length).toBeGreaterThan(0);
  });

  it("is for four lists at once: a fifth waits, and can leave", async () => {
    const shown = {
      resource: PODS,
      view: { representation: { type: "table", version: "v1" }, includeObject: "None" },
      now: 0,
      isFromStart: false,
    } as const;
    const all = Array.from({ length: 5 }, () => pods(8, 300 * KIB));
    const stop = new AbortController();
    const done = all.map(async ({ objects }, at) =>
      representList(shown, objects, { resourceVersion: "1" }, at === 4 ? stop.signal : new AbortController().signal),
    );
    const fifth = done.pop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(all.map(({ read }) => read() > 0)).toEqual([true, true, true, true, false]);
    stop.abort(new Error("left"));
    await expect(fifth).rejects.toThrow("left");
    expect(await Promise.all(done)).toHaveLength(4);
    const [after] = all;
    expect(
      await representList(shown, after?.objects ?? [], { resourceVersion: "1" }, new AbortController().signal),
    ).toBeDefined();
  });
});
