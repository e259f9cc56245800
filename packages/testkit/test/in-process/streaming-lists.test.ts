import { parseResourceVersion } from "@krm/core";
import { ClusterSource, type InitialEvents } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { create, smallCluster, refusal, SCOPE, sourceOf, touch, watched } from "../support/in-process.ts";

const ASKED = { initialEvents: true } as const;

describe("a streaming list", () => {
  it("tells of every object, then of its own version, then of what happens", async () => {
    const cluster = smallCluster();
    const source = new ClusterSource({ cluster, streamingLists: true });
    const watch = await watched(source.listWatch(SCOPE), ASKED);
    const begun = await watch.told();
    expect(begun.slice(0, 3).toSorted()).toEqual(["ADDED a@5", "ADDED b@6", "ADDED c@7"]);
    expect(begun.slice(3)).toEqual(["END 7"]);
    touch(cluster, "b");
    create(cluster, "d");
    source.bookmark();
    expect(await watch.told()).toEqual(["MODIFIED b@8", "ADDED d@9", "BOOKMARK 9"]);
  });

  it("comes in no order, and in the same one by the same seed", async () => {
    const cluster = smallCluster();
    for (let index = 0; index < 20; index++) create(cluster, `p${index}`);
    const order = async (seed: number): Promise<string[]> =>
      (await watched(sourceOf(cluster, { streamingLists: true, seed }), ASKED)).told();
    const [first, again, other] = [await order(1), await order(1), await order(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const versions = first.filter((event) => event.startsWith("ADDED")).map((event) => Number(event.split("@")[1]));
    expect(versions).not.toEqual(versions.toSorted((a, b) => a - b));
    expect(versions).toHaveLength(23);
  });

  it("is not older than asked, and refused where it would be", async () => {
    const source = sourceOf(smallCluster(), { streamingLists: true });
    const watch = await watched(source, { ...ASKED, resourceVersion: parseResourceVersion("5") });
    expect(await watch.told()).toContain("END 7");
    const ahead = source.watch({ ...ASKED, resourceVersion: parseResourceVersion("8"), timeoutSeconds: 300 });
    expect(await refusal(ahead)).toMatchObject({ code: 504, retryAfterSeconds: 1 });
  });
});

describe("a streaming list that fails", () => {
  async function begin(initialEvents: InitialEvents): ReturnType<typeof watched> {
    return watched(sourceOf(smallCluster(), { initialEvents }), ASKED);
  }

  it("is refused by default, as by a server without the feature", async () => {
    const source = sourceOf(smallCluster());
    expect(await refusal(source.watch({ ...ASKED, resourceVersion: undefined, timeoutSeconds: 300 }))).toMatchObject({
      code: 422,
      reason: "Invalid",
      message: expect.stringContaining("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch"),
    });
    const plain = await watched(source, { resourceVersion: parseResourceVersion("5") });
    expect(await plain.told()).toEqual(["ADDED b@6", "ADDED c@7"]);
  });

  it("no-marker: every object, and no end", async () => {
    const events = await (await begin("no-marker")).told();
    expect(events.toSorted()).toEqual(["ADDED a@5", "ADDED b@6", "ADDED c@7"]);
  });

  it("closes-early: some objects, and the end of the watch", async () => {
    expect(await (await begin("closes-early")).rest()).toHaveLength(2);
  });

  it("error-frame: some objects, and an error", async () => {
    const events = await (await begin("error-frame")).rest();
    expect(events).toHaveLength(3);
    expect(events[2]).toBe("ERROR 500");
  });

  it("ignored: only what happens", async () => {
    const cluster = smallCluster();
    const watch = await watched(sourceOf(cluster, { initialEvents: "ignored" }), ASKED);
    touch(cluster, "a");
    expect(await watch.told()).toEqual(["MODIFIED a@8"]);
  });

  it("fails in another way each time it is asked", async () => {
    const ways: InitialEvents[] = ["refused", "no-marker", "ok"];
    const source = sourceOf(smallCluster(), { initialEvents: () => ways.shift() ?? "ok" });
    expect(await refusal(source.watch({ ...ASKED, resourceVersion: undefined, timeoutSeconds: 300 }))).toMatchObject({
      code: 422,
    });
    expect(await (await watched(source, ASKED)).told()).toHaveLength(3);
    expect(await (await watched(source, ASKED)).told()).toHaveLength(4);
  });
});
