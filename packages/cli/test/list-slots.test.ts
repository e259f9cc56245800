import { describe, expect, it } from "vitest";
import { listSlots } from "../src/roles/list-slots.ts";

describe("lists", () => {
  it("run so many at once, and then those that wait, in their order", async () => {
    const slot = listSlots(2);
    const { signal } = new AbortController();
    const begun: number[] = [];
    const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
    const all = ends.map(async ({ promise }, index) =>
      slot(signal, async () => {
        begun.push(index);
        return promise;
      }),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    for (const [index, end] of ends.entries()) end.resolve(index);
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it("make room when they fail, and who leaves takes none", async () => {
    const slot = listSlots(1);
    const { signal } = new AbortController();
    const left = new AbortController();
    const first = Promise.withResolvers<never>();
    const failing = slot(signal, async () => first.promise);
    const leaving = slot(left.signal, async () => "never");
    const last = slot(signal, async () => "done");
    left.abort(new Error("left"));
    await expect(leaving).rejects.toThrow("left");
    first.reject(new Error("failed"));
    await expect(failing).rejects.toThrow("failed");
    expect(await last).toBe("done");
    await expect(slot(AbortSignal.abort(new Error("before")), async () => "never")).rejects.toThrow("before");
  });
});
