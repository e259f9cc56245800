import { describe, expect, test } from "vitest";
import {
  type Clock,
  KrmError,
  type ListPage,
  type ListProgress,
  type ListRequest,
  type ListWatch,
  objectKey,
  PODS,
  takeSnapshot,
} from "../src/index.ts";
import { storedObject } from "./support/objects.ts";

const clock: Clock = { now: () => 1000, monotonic: () => 0, sleep: async () => {} };
const { signal } = new AbortController();

/** Answers each LIST with the next of `answers`. */
function scripted(...answers: readonly (ListPage | Error)[]): { listWatch: ListWatch; requests: ListRequest[] } {
  const requests: ListRequest[] = [];
  const listWatch: ListWatch = {
    scope: { resource: PODS },
    list: async (request) => {
      requests.push(request);
      const answer = answers[requests.length - 1];
      if (answer === undefined) throw new Error("one request too many");
      if (answer instanceof Error) throw answer;
      return answer;
    },
    watch: () => Promise.reject(new Error("nobody watches here")),
    get: async () => undefined,
  };
  return { listWatch, requests };
}

function page(resourceVersion: string, names: readonly string[], more: Partial<ListPage> = {}): ListPage {
  const items = names.map((name) => storedObject(name, `u-${name}`, "5"));
  return { resourceVersion, items, continue: undefined, remainingItemCount: undefined, bytes: 10, ...more };
}

const expired = new KrmError("KRM_API_STATUS", "too old", {
  status: { code: 410, reason: "Expired", message: "too old", retryAfterSeconds: undefined },
});

describe("a snapshot", () => {
  test("is all pages of one version; later pages carry the token and nothing else", async () => {
    const { listWatch, requests } = scripted(
      page("9", ["a", "b"], { continue: "t1", remainingItemCount: 1 }),
      page("9", ["c"]),
    );
    const progress: ListProgress[] = [];
    const snapshot = await takeSnapshot(listWatch, {
      clock,
      signal,
      pageSize: 2,
      onProgress: (one) => progress.push(one),
    });
    expect(snapshot).toMatchObject({ resourceVersion: "9", takenAt: 1000 });
    expect("entries" in snapshot && [...snapshot.entries.keys()]).toEqual(["ns/a", "ns/b", "ns/c"]);
    expect(requests).toEqual([
      { limit: 2, continue: undefined },
      { limit: 2, continue: "t1" },
    ]);
    expect(progress).toEqual([
      { pages: 1, objects: 2, bytes: 10, expected: 3 },
      { pages: 2, objects: 3, bytes: 20, expected: undefined },
    ]);
  });

  test("of another KRM proves nothing newer than that had heard, at whichever page", async () => {
    const pages = (...heardAt: readonly (number | undefined)[]): readonly ListPage[] => [
      page("9", ["a"], { continue: "t", heardAt: heardAt[0] }),
      page("9", ["b"], { heardAt: heardAt[1] }),
    ];
    const takenAt = async (answers: readonly ListPage[]): Promise<number> =>
      (await takeSnapshot(scripted(...answers).listWatch, { clock, signal, pageSize: 1 })).takenAt;
    expect(await takenAt(pages(400, 500))).toBe(400);
    expect(await takenAt(pages(500, 400))).toBe(400);
    expect(await takenAt(pages(undefined, 2000))).toBe(1000);
  });

  test("trap 6: a page of another version is an inconsistent list", async () => {
    const { listWatch } = scripted(page("9", ["a"], { continue: "t" }), page("10", ["b"]));
    await expect(takeSnapshot(listWatch, { clock, signal, pageSize: 1 })).rejects.toMatchObject({
      code: "KRM_LIST_INCONSISTENT",
    });
  });

  test("trap 18: an expired token starts over, and the last attempt asks for all at once", async () => {
    const first = page("9", ["a"], { continue: "t" });
    const { listWatch, requests } = scripted(first, expired, first, expired, page("12", ["a", "b"]));
    const snapshot = await takeSnapshot(listWatch, { clock, signal, pageSize: 1 });
    expect(snapshot.resourceVersion).toBe("12");
    expect(requests.map(({ limit }) => limit)).toEqual([1, 1, 1, 1, undefined]);
  });

  test("leaves out the bodies of what is known at that very version, and of nothing else", async () => {
    const { listWatch } = scripted(page("9", ["same", "older", "other"]));
    const held = new Map([
      ["ns/same", storedObject("same", "u-same", "5")],
      ["ns/older", storedObject("older", "u-older", "4")],
      ["ns/other", storedObject("other", "another life", "5")],
    ]);
    const snapshot = await takeSnapshot(listWatch, { clock, signal, pageSize: 9, known: (key) => held.get(key) });
    const bodies = "entries" in snapshot ? [...snapshot.entries].map(([key, { object }]) => [key, object?.key]) : [];
    expect(bodies).toEqual([
      ["ns/same", undefined],
      ["ns/older", "ns/older"],
      ["ns/other", "ns/other"],
    ]);
  });

  test("law 8: versions that cannot be ordered give a snapshot that can only replace", async () => {
    const { listWatch } = scripted(page("opaque", ["a"]));
    const snapshot = await takeSnapshot(listWatch, { clock, signal, pageSize: 9 });
    expect(snapshot).toMatchObject({ resourceVersion: "opaque", objects: [{ key: objectKey("ns", "a") }] });
    const again = scripted(page("opaque", ["a"]));
    await expect(
      takeSnapshot(again.listWatch, { clock, signal, pageSize: 9, known: () => undefined }),
    ).rejects.toMatchObject({ code: "KRM_INVALID_RESOURCE_VERSION" });
  });
});
